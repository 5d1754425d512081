// The open houses as they are now: picture, price, people, version.
import { defineComponent } from "vue";
import { use } from "./context.js";

/** @import { OpenHouse } from "./types.js" */

const PICTURE = /^\/preview\/[\w./-]+\.svg$/;
const FEW = 12;
const ASKED_AGAIN_MS = 4000;

// The picture of a house. One that does not load is asked for again, and a sentence says so
// meanwhile.
const HousePicture = defineComponent({
  setup: () => use("texts"),
  props: { src: { type: String, required: true } },
  data: () => ({
    failed: "",
    turn: 0,
    again: /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined),
  }),
  template: /* HTML */ `
    <img
      v-if="failed !== src"
      :key="src + turn"
      :src="src"
      alt=""
      loading="lazy"
      decoding="async"
      width="640"
      height="400"
      @error="wait"
    />
    <span v-else class="quiet picture-failed">{{ texts.t("admin.pictureFailed") }}</span>
  `,
  beforeUnmount() {
    clearTimeout(this.again);
  },
  methods: {
    wait() {
      this.failed = this.src;
      clearTimeout(this.again);
      this.again = setTimeout(() => Object.assign(this, { failed: "", turn: this.turn + 1 }), ASKED_AGAIN_MS);
    },
  },
});

export const Houses = defineComponent({
  components: { HousePicture },
  setup: () => use("texts", "words", "live"),
  data: () => ({ whole: false }),
  template: /* HTML */ `
    <section class="houses" aria-labelledby="houses-title">
      <h2 id="houses-title">{{ texts.t("admin.houses") }}</h2>
      <p v-if="!live.rooms.length" class="quiet">{{ texts.t("admin.noHouses") }}</p>
      <ul v-else class="wall plain">
        <li v-for="r in shown" :key="r.code" class="house">
          <component
            :is="words.codeOk(r.code) ? 'a' : 'div'"
            class="house-link"
            :href="words.codeOk(r.code) ? words.houseUrl(r.code) : null"
            :target="words.codeOk(r.code) ? '_blank' : null"
            rel="noopener"
          >
            <span class="house-picture"><HousePicture v-if="picture(r)" :src="picture(r)" /></span>
            <span class="house-head"
              ><strong class="house-price">{{ texts.euro(r.total_cents) }}</strong
              ><span class="quiet">{{ r.code }}</span></span
            >
            <span class="house-foot"
              ><span class="house-people">{{ peopleText(r.people) }}</span
              ><span class="quiet">{{ texts.t("admin.version") }} {{ r.version }}</span></span
            >
          </component>
        </li>
      </ul>
      <button
        v-if="live.rooms.length > few"
        type="button"
        class="text-button"
        :aria-expanded="String(whole)"
        @click="whole = !whole"
      >
        {{ whole ? texts.t("admin.fewer") : texts.t("admin.allHouses", { count: live.rooms.length }) }}
      </button>
    </section>
  `,
  computed: {
    few: () => FEW,
    /** @returns {readonly OpenHouse[]} */
    shown() {
      return this.whole ? this.live.rooms : this.live.rooms.slice(0, FEW);
    },
  },
  methods: {
    /** @param {OpenHouse} room */
    picture(room) {
      const { preview } = room;
      return preview && PICTURE.test(preview) ? preview : "";
    },
    // The people of a house, as a process reports them, in any form; they become text.
    /** @param {unknown} people */
    peopleText(people) {
      if (!Array.isArray(people)) return String(people ?? "");
      const names = people.map((p) => (typeof p === "object" && p ? String(p.name ?? "") : String(p)));
      return [...new Set(names)].join(", ");
    },
  },
});
