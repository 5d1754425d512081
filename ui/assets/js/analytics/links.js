// Shared dashboards: make a link to chosen figures of the range that is asked, list links, end them.
import { FIGURES, ownQuery } from "./figures.js";
import { rangeOf } from "./asked.js";
import { read, send } from "./reading.js";
import Sure from "../sure.js";
import trying from "./trying.js";

const DAYS = [7, 30, 90];
const SHOWN = 6;

export default {
  components: { Sure },
  mixins: [trying],
  props: { asked: Object, rangeText: String, w: Object },
  template: `
    <form class="panel" @submit.prevent="make" data-testid="link-form">
      <p>{{ w.t("analytics.linkShows", { range: rangeText }) }} <span class="quiet">{{ w.t(asked.from ? "analytics.linkFixed" : "analytics.linkMoves") }}</span></p>
      <div class="fields">
        <label class="broad"><span>{{ w.t("analytics.name") }}</span>
          <input v-model.trim="name" required maxlength="80" autocomplete="off" /></label>
        <label><span>{{ w.t("analytics.linkDays") }}</span>
          <select v-model="days"><option v-for="d in DAYS" :key="d" :value="d">{{ w.t("analytics.days", { n: d }) }}</option></select></label>
      </div>
      <fieldset><legend>{{ w.t("analytics.linkFigures") }}</legend>
        <label v-for="f in figures" :key="f" class="check"><input type="checkbox" :value="f" v-model="chosen" />{{ w.t("analytics." + f) }}</label>
      </fieldset>
      <button type="submit" class="button primary" :disabled="busy || !chosen.length">{{ w.t("analytics.linkMake") }}</button>
      <p v-if="problem" class="problem" role="alert">{{ problem }}</p>
    </form>
    <div v-if="made" class="panel made" role="status">
      <p>{{ w.t("analytics.linkMade") }}</p>
      <div class="fields">
        <label class="broad"><span>{{ w.t("analytics.link") }}</span>
          <input ref="address" :value="made" readonly data-testid="link-address" @focus="$event.target.select()" /></label>
        <button type="button" class="button" @click="copy">{{ w.t(copied ? "analytics.copied" : "analytics.copy") }}</button>
      </div>
    </div>
    <ul class="plain cards" data-testid="links">
      <li v-for="link in shown" :key="link.id" class="panel">
        <header>
          <h3>{{ link.name }}</h3>
          <Sure v-if="isOpen(link)" :label="w.t('analytics.revoke')" :question="w.t('analytics.revokeSure')" :keep="w.t('analytics.cancel')" @sure="revoke(link)" />
        </header>
        <p>{{ figuresOf(link) }}</p>
        <p class="quiet">{{ state(link) }}</p>
      </li>
    </ul>
    <button v-if="links.length > SHOWN" type="button" class="text-button less" :aria-expanded="String(all)" @click="all = !all">
      {{ all ? w.t("analytics.showLess") : w.t("analytics.showAll", { n: w.number(links.length) }) }}
    </button>
    <p v-if="loaded && !links.length" class="quiet">{{ w.t("analytics.linkNone") }}</p>`,
  data() {
    return {
      DAYS,
      SHOWN,
      figures: FIGURES.map((figure) => figure.name),
      chosen: ["kpis", "series", "funnel", "options"],
      name: "",
      days: 30,
      links: [],
      loaded: false,
      all: false,
      made: "",
      copied: false,
    };
  },
  computed: {
    // Those that still show something first.
    shown() {
      const [open, over] = [this.links.filter(this.isOpen), this.links.filter((link) => !this.isOpen(link))];
      return this.all ? [...open, ...over] : [...open, ...over].slice(0, SHOWN);
    },
  },
  mounted() {
    this.list();
  },
  methods: {
    list() {
      return this.try(async () => {
        this.links = (await read("links")).links;
        this.loaded = true;
      });
    },
    make() {
      return this.try(async () => {
        const views = this.figures.filter((name) => this.chosen.includes(name));
        const own = FIGURES.filter((figure) => views.includes(figure.name)).map((figure) => ownQuery(figure, this.asked));
        const query = Object.fromEntries(Object.entries(Object.assign(rangeOf(this.asked), ...own)).filter(([, value]) => value));
        const { token } = await send("links", { name: this.name, views, query, days: this.days });
        this.made = `${window.location.origin}/dashboard#${token}`;
        this.copied = false;
        this.name = "";
        await this.list();
      });
    },
    revoke(link) {
      return this.try(async () => {
        await send(`links/${encodeURIComponent(link.id)}/revoke`);
        await this.list();
      });
    },
    async copy() {
      this.$refs.address.select();
      this.copied = await navigator.clipboard?.writeText(this.made).then(() => true, () => false);
    },
    isOpen(link) {
      return !link.revoked_at && Date.parse(link.expires_at) > Date.now();
    },
    figuresOf(link) {
      return link.views.map((view) => this.w.t(`analytics.${view}`)).join(", ");
    },
    state(link) {
      if (link.revoked_at) return this.w.t("analytics.linkRevoked", { time: this.w.minute(link.revoked_at) });
      return this.w.t(this.isOpen(link) ? "analytics.linkOpen" : "analytics.linkOver", { time: this.w.minute(link.expires_at) });
    },
  },
};
