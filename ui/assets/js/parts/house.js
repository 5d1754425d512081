// The house: one picture per view. When the server names another one, the next picture is drawn
// above the one that is there, fades in once it can be painted, and only then the one below goes:
// at no moment is there an empty frame, or two half pictures.
import { last } from "../older.js";
import { History } from "./history.js";
import { TakeBack } from "./takeback.js";

const FADE_PX = 16; // at the right edge of the strip of views
const MARGIN_PX = 20; // beside the chosen view: the fade, and what its bold letters need

export const House = {
  components: { History, TakeBack },
  inject: ["screen"],
  data: () => ({ layers: [], failed: false, wanted: null, top: null }),
  template: `
    <section class="stage" :aria-label="screen.t('stage.label')">
      <div class="picture" ref="picture" :data-view="screen.ui.view" :class="{ loading: !layers.length && !failed }">
        <img v-for="layer in layers" :key="layer.id" :src="layer.url" :class="{ shown: layer.shown && layer.id === top, under: layer.shown && layer.id !== top }"
          :alt="layer.id === top ? alt : ''" :aria-hidden="String(layer.id !== top)" decoding="sync" />
        <p v-if="failed && !layers.length" class="quiet picture-failed">{{ screen.t("stage.failed") }}</p>
      </div>
      <div class="stage-foot">
        <div class="views" ref="views" role="group" :aria-label="screen.t('stage.views')">
          <button v-for="v in screen.views" @focus="show($event.target)" :key="v" type="button" :aria-pressed="String(v === screen.ui.view)" @click="screen.look(v)">
            {{ screen.viewName(v) }}
          </button>
        </div>
        <TakeBack v-if="screen.mayEdit.value" />
      </div>
      <History class="in-stage" :count="3" />
    </section>`,
  computed: {
    url() {
      return this.inLanguage(this.screen.room.derived?.previews?.[this.screen.ui.view]);
    },
    alt() {
      return this.screen.pictureAlt();
    },
  },
  watch: {
    url: { immediate: true, handler: "load" },
    "screen.ui.view": { flush: "post", handler: "reveal" },
    "screen.ui.language": { flush: "post", handler: "reveal" },
    "screen.status.value.name"(now) {
      if (now === "saved" && this.failed) this.load(this.url);
    },
  },
  mounted() {
    this.widths = new ResizeObserver(() => this.reveal());
    // The letters of the chosen view are bold, and may become so a frame later.
    for (const element of [this.$refs.views, ...this.$refs.views.children]) this.widths.observe(element);
  },
  beforeUnmount() {
    this.widths.disconnect();
  },
  methods: {
    async load(url) {
      this.wanted = url;
      if (!url) return;
      const { view } = this.screen.ui;
      const image = new Image();
      image.src = url;
      try {
        await image.decode();
        this.failed = false;
      } catch {
        if (this.wanted === url && !image.complete) this.failed = true;
        if (image.naturalWidth === 0) {
          if (this.wanted === url) this.miss(view);
          return;
        }
      }
      if (this.wanted !== url) return;
      const painted = this.layers.filter((l) => l.shown);
      const there = last(painted)?.url === url;
      this.layers = there ? painted : [...painted, { id: (last(painted)?.id ?? 0) + 1, url, view, shown: false }];
      await this.$nextTick();
      await this.$refs.picture?.querySelector("img:last-of-type")?.decode().catch(() => {});
      requestAnimationFrame(() => this.fadeIn(url));
    },
    // The picture below goes when the fade has ended, however late a busy device begins it.
    async fadeIn(url) {
      if (this.wanted !== url) return;
      const layer = last(this.layers);
      layer.shown = true;
      this.top = layer.id;
      this.preloadOthers();
      await this.$nextTick();
      const fades = this.$refs.picture?.querySelector("img.shown")?.getAnimations() ?? [];
      await Promise.all(fades.map((fade) => fade.finished)).catch(() => {});
      if (this.wanted === url) this.layers = this.layers.filter((l) => l.id === layer.id);
    },
    reveal() {
      const chosen = this.$refs.views?.querySelector('[aria-pressed="true"]');
      if (chosen) this.show(chosen);
    },
    // An older picture of the same view may stay; one of another view would say what is not.
    miss(view) {
      this.failed = true;
      if (last(this.layers)?.view !== view) this.layers = [];
    },
    // Scrolls the strip of views, never the page, until the button is whole; for one with the focus a
    // browser does so only where it sees less of it.
    show(button) {
      const strip = this.$refs.views;
      const [room, box] = [strip.getBoundingClientRect(), button.getBoundingClientRect()];
      if (box.right > room.right - FADE_PX) strip.scrollLeft += box.right - room.right + MARGIN_PX;
      else if (box.left < room.left) strip.scrollLeft -= room.left - box.left + MARGIN_PX;
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
