// The open houses as they look now: picture, price, people, version.

const PICTURE = /^\/preview\/[\w.\/-]+\.svg$/;
const FEW = 12;
const ASKED_AGAIN_MS = 4000;

// The picture of a house. One that does not load is asked for again, and the paper says so meanwhile.
const Picture = {
  inject: ["desk"],
  props: { src: String },
  data: () => ({ failed: "", turn: 0 }),
  template: `
    <img v-if="failed !== src" :key="src + turn" :src="src" alt="" loading="lazy" decoding="async" width="640" height="400" @error="wait" />
    <span v-else class="quiet picture-failed">{{ desk.t("admin.pictureFailed") }}</span>`,
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
};

export const Houses = {
  components: { Picture },
  inject: ["desk"],
  data: () => ({ whole: false }),
  template: `
    <section class="houses" aria-labelledby="houses-title">
      <h2 id="houses-title">{{ desk.t("admin.houses") }}</h2>
      <p v-if="!desk.rooms.length" class="quiet">{{ desk.t("admin.noHouses") }}</p>
      <ul v-else class="wall plain">
        <li v-for="r in shown" :key="r.code" class="house">
          <component :is="desk.codeOk(r.code) ? 'a' : 'div'" class="house-link" :href="desk.codeOk(r.code) ? desk.houseUrl(r.code) : null" :target="desk.codeOk(r.code) ? '_blank' : null" rel="noopener">
            <span class="house-picture"><Picture v-if="picture(r)" :src="picture(r)" /></span>
            <span class="house-head"><strong class="house-price">{{ desk.euro(r.total_cents) }}</strong><span class="quiet">{{ r.code }}</span></span>
            <span class="house-foot"><span class="house-people">{{ peopleText(r.people) }}</span><span class="quiet">{{ desk.t("admin.version") }} {{ r.version }}</span></span>
          </component>
        </li>
      </ul>
      <button v-if="desk.rooms.length > few" type="button" class="text-button" :aria-expanded="String(whole)" @click="whole = !whole">{{ whole ? desk.t("admin.fewer") : desk.t("admin.allHouses", { count: desk.rooms.length }) }}</button>
    </section>`,
  computed: {
    few: () => FEW,
    shown() {
      return this.whole ? this.desk.rooms : this.desk.rooms.slice(0, FEW);
    },
  },
  methods: {
    picture(room) {
      return PICTURE.test(String(room.preview ?? "")) ? room.preview : null;
    },
    peopleText(people) {
      if (Array.isArray(people)) return [...new Set(people.map((p) => (typeof p === "object" && p ? String(p.name ?? "") : String(p))))].join(", ");
      return String(people ?? "");
    },
  },
};
