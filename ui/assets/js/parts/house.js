// The house: one picture per view, cross-faded when the server names another one. The next picture
// is loaded completely before it is shown, so there is never an empty frame.
import { TakeBack } from "./takeback.js";

export const House = {
  components: { TakeBack },
  inject: ["screen"],
  data: () => ({ layers: [], failed: false, wanted: null }),
  template: `
    <section class="stage" :aria-label="screen.t('stage.label')">
      <div class="picture" :data-view="screen.ui.view" :class="{ loading: !layers.length && !failed }">
        <img v-for="layer in layers" :key="layer.url" :src="layer.url" :class="{ shown: layer.shown }"
          :alt="layer.shown ? alt : ''" :aria-hidden="!layer.shown" decoding="async" />
        <p v-if="failed && !layers.length" class="quiet picture-failed">{{ screen.t("stage.failed") }}</p>
      </div>
      <div class="stage-foot">
        <div class="views" role="group" :aria-label="screen.t('stage.views')">
          <button v-for="v in screen.views" :key="v" type="button" :aria-pressed="String(v === screen.ui.view)" @click="screen.look(v)">
            {{ screen.t("view." + v) }}
          </button>
        </div>
        <TakeBack v-if="screen.mayEdit.value" />
      </div>
      <div class="history">
        <h2>{{ screen.t("history.title") }}</h2>
        <p v-if="!history.length" class="quiet">{{ screen.t(nothingListed) }}</p>
        <ol v-else class="plain"><li v-for="h in history" :key="h.key"><span class="dot" :class="'colour-' + (h.colour % 8)"></span><span class="history-text">{{ h.text }}</span><time>{{ h.time }}</time></li></ol>
      </div>
    </section>`,
  computed: {
    url() {
      return this.inLanguage(this.screen.room.derived?.previews?.[this.screen.ui.view]);
    },
    alt() {
      return this.screen.pictureAlt();
    },
    nothingListed() {
      if (this.screen.room.version > 0) return "history.earlier";
      return this.screen.mayEdit.value ? "history.empty" : "history.emptyViewer";
    },
    history() {
      return this.screen.room.changes.slice(0, 3).map((change) => ({
        key: change.key,
        colour: change.author.colour,
        text: this.screen.describe(change),
        time: this.screen.time(change.at),
      }));
    },
  },
  watch: {
    url: { immediate: true, handler: "load" },
  },
  methods: {
    async load(url) {
      this.wanted = url;
      if (!url) return;
      const image = new Image();
      image.src = url;
      try {
        await image.decode();
        this.failed = false;
      } catch {
        if (this.wanted === url && !image.complete) this.failed = true;
        if (image.naturalWidth === 0) {
          if (this.wanted === url) this.failed = true;
          return;
        }
      }
      if (this.wanted !== url) return;
      if (!this.layers.some((l) => l.url === url)) this.layers.push({ url, shown: false });
      await this.$nextTick();
      requestAnimationFrame(() => {
        if (this.wanted !== url) return;
        for (const layer of this.layers) layer.shown = layer.url === url;
        setTimeout(() => {
          if (this.wanted === url) this.layers = this.layers.filter((l) => l.shown);
        }, 400);
        this.preloadOthers();
      });
    },
    inLanguage(url) {
      return url ? (this.screen.ui.language === "en" ? `${url}?lang=en` : url) : null;
    },
    preloadOthers() {
      const previews = Object.values(this.screen.room.derived?.previews ?? {});
      const others = previews.map((u) => this.inLanguage(u)).filter((u) => u !== this.url);
      (window.requestIdleCallback ?? setTimeout)(() => others.forEach((u) => (new Image().src = u)));
    },
  },
};
