// The house: one picture for each view. When the server names another picture, it is put above the
// present one and fades in once it can be painted; only then the one below is removed. So there is
// never an empty frame, or two half pictures. A picture that is late or does not load leaves the
// older one of its view, and the page says so.
import { defineComponent, ref } from "vue";
import { use } from "../../context.js";
import { last } from "../../../shared/older_browsers.js";
import { History } from "./history.js";
import { TakeBack } from "./undo_buttons.js";

/**
 * @import { View } from "../../types.js"
 *
 * @typedef {{ id: number, url: string, view: View, alt: string, shown: boolean }} Layer
 */

const LATE_MS = 1000; // the longest time that an older picture stands without a word

const FADE_PX = 16; // at the right edge of the strip of views
const MARGIN_PX = 20; // beside the chosen view, for the fade and for its bold letters

export const House = defineComponent({
  components: { History, TakeBack },
  setup: () => ({
    ...use("texts", "words", "actions", "state"),
    picture: ref(/** @type {HTMLElement | null} */ (null)),
    strip: ref(/** @type {HTMLElement | null} */ (null)),
    widths: /** @type {{ observer: ResizeObserver | null }} */ ({ observer: null }),
  }),
  data: () => ({
    layers: /** @type {Layer[]} */ ([]),
    failed: false,
    late: false,
    lateness: /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined),
    wanted: /** @type {string | null} */ (null),
    top: /** @type {number | null} */ (null),
  }),
  template: /* HTML */ `
    <section class="stage" :aria-label="texts.t('stage.label')">
      <div class="picture" ref="picture" :data-view="state.ui.view" :class="{ loading: !layers.length && !failed }">
        <img
          v-for="layer in layers"
          :key="layer.id"
          :src="layer.url"
          :class="{ shown: layer.shown && layer.id === top, under: layer.shown && layer.id !== top }"
          :alt="layer.id !== top ? '' : layer.url === url ? alt : layer.alt"
          :aria-hidden="String(layer.id !== top)"
          decoding="sync"
        />
        <p v-if="failed && !layers.length" class="quiet picture-failed">{{ texts.t("stage.failed") }}</p>
        <p class="picture-older" role="status"><template v-if="older">{{ texts.t("stage.older") }}</template></p>
      </div>
      <div class="stage-foot">
        <div class="views" ref="strip" role="group" :aria-label="texts.t('stage.views')">
          <button
            v-for="v in state.catalogue.views"
            @focus="show($event.target)"
            :key="v.id"
            type="button"
            :aria-pressed="String(v.id === state.ui.view)"
            @click="actions.look(v.id)"
          >
            {{ texts.say(v.name) }}
          </button>
        </div>
        <TakeBack v-if="state.mayEdit" />
      </div>
      <History class="in-stage" :count="3" />
    </section>
  `,
  computed: {
    /** @returns {string | null} */
    url() {
      return this.inLanguage(this.state.room.derived?.previews?.[this.state.ui.view]);
    },
    // Whether the picture that is shown is an older one, and the page has to say so.
    /** @returns {boolean} */
    older() {
      return (this.failed || this.late) && this.layers.length > 0;
    },
    /** @returns {string} */
    alt() {
      return this.words.pictureAlt(this.state.ui.view, this.state.room.selection);
    },
  },
  watch: {
    url: { immediate: true, handler: "load" },
    "state.ui.view": { flush: "post", handler: "reveal" },
    "state.ui.language": { flush: "post", handler: "reveal" },
    "state.status.name"(now) {
      if (now === "saved" && this.failed) this.load(this.url);
    },
  },
  mounted() {
    const widths = new ResizeObserver(() => this.reveal());
    this.widths.observer = widths;
    // The name of the chosen view is bold, and may become so one frame later.
    if (this.strip) for (const element of [this.strip, ...this.strip.children]) widths.observe(element);
  },
  beforeUnmount() {
    this.widths.observer?.disconnect();
    clearTimeout(this.lateness);
  },
  methods: {
    /** @param {string | null} url */
    async load(url) {
      this.wanted = url;
      clearTimeout(this.lateness);
      if (!url) return;
      const { view } = this.state.ui;
      this.lateness = setTimeout(() => this.wait(view), LATE_MS);
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
      clearTimeout(this.lateness);
      this.late = false;
      const painted = this.layers.filter((l) => l.shown);
      const newest = last(painted);
      const drawing = { id: (newest?.id ?? 0) + 1, url, view, alt: this.alt, shown: false };
      this.layers = newest?.url === url ? painted : [...painted, drawing];
      await this.$nextTick();
      const drawn = /** @type {HTMLImageElement | null | undefined} */ (
        this.picture?.querySelector("img:last-of-type")
      );
      await drawn?.decode().catch(() => {});
      requestAnimationFrame(() => this.fadeIn(url));
    },
    // The picture below is removed when the fade has ended, however late a busy device begins it.
    /** @param {string} url */
    async fadeIn(url) {
      if (this.wanted !== url) return;
      const layer = last(this.layers);
      if (!layer) return;
      layer.shown = true;
      this.top = layer.id;
      this.preloadOthers();
      await this.$nextTick();
      const fades = this.picture?.querySelector("img.shown")?.getAnimations() ?? [];
      await Promise.all(fades.map((fade) => fade.finished)).catch(() => {});
      if (this.wanted === url) this.layers = this.layers.filter((l) => l.id === layer.id);
    },
    reveal() {
      const chosen = this.strip?.querySelector('[aria-pressed="true"]');
      if (chosen) this.show(chosen);
    },
    // An older picture of the same view may stay; one of another view would be wrong.
    /** @param {View} view */
    keepOnly(view) {
      if (last(this.layers)?.view !== view) this.layers = [];
    },
    /** @param {View} view */
    wait(view) {
      this.late = true;
      this.keepOnly(view);
    },
    /** @param {View} view */
    miss(view) {
      clearTimeout(this.lateness);
      this.failed = true;
      this.keepOnly(view);
    },
    // Scroll the strip of views, never the page, until the whole button is in sight; for a button
    // with the focus the browser does so only if less of it is in sight.
    /** @param {Element} button */
    show(button) {
      const { strip } = this;
      if (!strip) return;
      const [room, box] = [strip.getBoundingClientRect(), button.getBoundingClientRect()];
      if (box.right > room.right - FADE_PX) strip.scrollLeft += box.right - room.right + MARGIN_PX;
      else if (box.left < room.left) strip.scrollLeft -= room.left - box.left + MARGIN_PX;
    },
    /** @param {string | undefined} url @returns {string | null} */
    inLanguage(url) {
      return url ? (this.state.ui.language === "en" ? `${url}?lang=en` : url) : null;
    },
    preloadOthers() {
      const previews = Object.values(this.state.room.derived?.previews ?? {});
      const others = previews.map((u) => this.inLanguage(u) ?? u).filter((u) => u !== this.url);
      (window.requestIdleCallback ?? setTimeout)(() => others.forEach((u) => (new Image().src = u)));
    },
  },
});
