// The analytics of admins: a range, its figures by tab, single sessions with their replay, shared links
// and scheduled files. Everything is read over the HTTP API, and nothing of it is put in as markup.
import { PARTS, TABS, askedOf, rangeOf, searchOf } from "./analytics/asked.js";
import Exports from "./analytics/exports.js";
import Figure from "./analytics/figure.js";
import { FIGURES, ownQuery } from "./analytics/figures.js";
import FunnelSteps from "./analytics/funnel_steps.js";
import { attend } from "./attended.js";
import { LegalFoot } from "./legal.js";
import Links from "./analytics/links.js";
import Player from "./analytics/player.js";
import RangeForm from "./analytics/range.js";
import { address, asOf, countedThrough, read } from "./analytics/reading.js";
import Sessions from "./analytics/sessions.js";
import { createWords } from "./analytics/words.js";
import { socketOfPage } from "./socket.js";

// As CSV they are whole; as JSON they come by page, and the link is the first and longest.
const LISTS = [{ name: "abandoned" }, { name: "sessions" }];
const AGAIN_MS = 30_000;
const FIRST_PAGE = { limit: "200" };

export default {
  components: { Exports, Figure, FunnelSteps, LegalFoot, Links, Player, RangeForm, Sessions },
  props: { catalogue: String, texts: String, language: String, zone: String, zones: Array },
  template: `
    <div class="analytics">
      <header class="topbar">
        <a class="brand" href="/" :aria-label="w.t('brand.home')">NEST</a>
        <h1>{{ w.t("analytics.title") }}</h1>
        <nav class="places" :aria-label="w.t('analytics.places')">
          <a href="/admin">{{ w.t("analytics.live") }}</a><a href="/admin/operations">{{ w.t("operations.title") }}</a>
        </nav>
        <span class="spring"></span>
        <p class="quiet" role="status" data-testid="through">{{ busy ? w.t("analytics.loading") : through }}</p>
      </header>
      <RangeForm :asked="asked" :zone="zone" :zones="zones" :w="w" @ask="ask" />
      <nav class="tabs" ref="tabs" :aria-label="w.t('analytics.tabs')">
        <a v-for="tab in TABS" :key="tab" :href="hrefOf(tab)" :aria-current="asked.tab === tab ? 'page' : null" @click="turn($event, tab)">{{ w.t("analytics.tab_" + tab) }}</a>
      </nav>
      <p v-if="problem" class="problem" role="alert">{{ problem }} <button type="button" class="text-button" @click="load">{{ w.t("analytics.again") }}</button></p>
      <p class="only-paper" data-testid="asked">{{ askedText }}</p>
      <main :aria-busy="String(busy)">
        <Figure v-for="f in shown" :key="f.name" :name="f.name" :title="w.t('analytics.' + f.name)" :note="f.note ? w.t('analytics.' + f.note) : ''"
          :wide="f.wide" :files="files(f)" :w="w">
          <template #ask v-if="f.own?.includes('by')">
            <select class="by" :value="asked.by || (f.name === 'funnel' ? '' : 'device')" :aria-label="w.t('analytics.by')" @change="ask({ by: $event.target.value })">
              <option v-if="f.name === 'funnel'" value="">{{ w.t("analytics.byNone") }}</option>
              <option v-for="p in PARTS" :key="p" :value="p">{{ w.t("analytics." + p) }}</option>
            </select>
          </template>
          <template #ask v-else-if="f.own?.includes('unit')">
            <select :value="found.series.unit" :aria-label="w.t('analytics.unit')" data-testid="unit" @change="ask({ unit: $event.target.value })">
              <option v-for="u in found.series.units" :key="u" :value="u">{{ w.t("analytics.unit_" + u) }}</option>
            </select>
          </template>
          <FunnelSteps v-if="f.name === 'funnel'" :asked="asked" :found="found.funnel" :categories="categories" :w="w" @ask="ask" />
          <component :is="f.shows" :found="found[f.name]" :w="w" />
        </Figure>
        <template v-if="asked.tab === 'sessions'">
          <Figure v-for="list in LISTS" :key="list.name" :name="list.name" :title="w.t('analytics.' + list.name)" :files="files(list, FIRST_PAGE)" :w="w" wide>
            <Sessions :name="list.name" :query="range" :categories="categories" :w="w" @play="play" @seek="sought[list.name] = $event" />
          </Figure>
        </template>
        <template v-if="asked.tab === 'sharing'">
          <Figure name="links" :title="w.t('analytics.links')" :note="w.t('analytics.linksNote')" :w="w"><Links :asked="asked" :range-text="rangeText" :w="w" /></Figure>
          <Figure name="exports" :title="w.t('analytics.exports')" :w="w"><Exports :asked="asked" :w="w" /></Figure>
        </template>
      </main>
      <LegalFoot :t="w.t" />
      <Player v-if="asked.replay" :key="asked.replay" :session="asked.replay" :w="w" @close="play('')" />
    </div>`,
  data() {
    const asked = askedOf(window.location.search, this.zone);
    const state = { found: {}, foundZone: asked.tz, through: "", busy: false, problem: "", sought: {} };
    return { TABS, PARTS, LISTS, FIRST_PAGE, asked, ...state };
  },
  computed: {
    w() {
      const { catalogue, texts } = this.parsed;
      return createWords({ catalogue, texts, language: this.language, zone: this.foundZone });
    },
    parsed() {
      return { catalogue: JSON.parse(this.catalogue), texts: JSON.parse(this.texts) };
    },
    categories() {
      return this.parsed.catalogue.categories.map((c) => c.id);
    },
    range() {
      return rangeOf(this.asked);
    },
    shown() {
      return FIGURES.filter((figure) => figure.tab === this.asked.tab && this.found[figure.name]);
    },
    // What the controls say, for paper, where there are none.
    askedText() {
      const { compare, bots, tab } = this.asked;
      const against = compare ? [`${this.w.t("analytics.compare")}: ${this.w.t(`analytics.compare_${compare}`)}`] : [];
      const who = `${this.w.t("analytics.bots")}: ${this.w.t(`analytics.bots_${bots || "none"}`)}`;
      return [this.w.t(`analytics.tab_${tab}`), this.rangeText, ...against, who].join(" · ");
    },
    rangeText() {
      const { from, to, timeRange } = this.asked;
      if (!from) return this.w.t(`analytics.${timeRange}`);
      return `${this.w.day(from)} – ${to ? this.w.day(to) : this.w.t("analytics.now")}`;
    },
  },
  mounted() {
    attend();
    socketOfPage();
    this.load();
    this.again = setInterval(() => this.mayRefresh() && this.load({ quietly: true }), AGAIN_MS);
    this.$refs.tabs.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  },
  beforeUnmount() {
    clearInterval(this.again);
    this.reading?.abort();
  },
  methods: {
    ask(change) {
      const ranged = ["timeRange", "from", "to"].some((name) => name in change);
      const wish = searchOf({ ...this.asked, ...(ranged ? { unit: "" } : {}), ...change }, this.zone);
      this.asked = askedOf(wish, this.zone);
      this.write();
      return this.load();
    },
    // Its address is that of the page with the session in it, for every admin.
    play(session) {
      this.asked = { ...this.asked, replay: session };
      this.write();
    },
    // Nothing moves under the eyes or hands of somebody who is at it.
    mayRefresh() {
      const { activeElement } = document;
      const editing = activeElement?.matches("input, select, textarea");
      const reading = !document.getSelection().isCollapsed || this.$el.querySelector(".chart:hover, details[open]");
      return !(document.hidden || this.busy || this.asked.replay || editing || reading) && FIGURES.some((f) => f.tab === this.asked.tab);
    },
    turn(event, tab) {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.ask({ tab });
    },
    hrefOf(tab) {
      return window.location.pathname + searchOf({ ...this.asked, tab }, this.zone, this.others());
    },
    write() {
      const search = searchOf(this.asked, this.zone, this.others());
      window.history.replaceState(window.history.state, "", window.location.pathname + search);
    },
    // The language stays in the address when it was asked for there.
    others() {
      const lang = new URLSearchParams(window.location.search).get("lang");
      return lang === "de" || lang === "en" ? { lang } : {};
    },
    query(figure) {
      return { ...this.range, ...ownQuery(figure, this.asked) };
    },
    // For people, in their language; JSON is for programs, and of a list its first page.
    files(figure, page = {}) {
      const query = { ...this.query(figure), ...this.sought[figure.name] };
      const sheet = (form) => ({ form, href: address(figure.name, { ...query, format: form, lang: this.language }) });
      return [sheet("xlsx"), sheet("csv"), { form: "json", href: address(figure.name, { ...query, ...page }) }];
    },
    async load({ quietly = false } = {}) {
      this.reading?.abort();
      const reading = (this.reading = new AbortController());
      const figures = FIGURES.filter((figure) => figure.tab === this.asked.tab);
      this.busy = !quietly;
      if (!quietly) this.problem = "";
      try {
        const answers = await Promise.all(figures.map((f) => read(f.name, this.query(f), reading.signal)));
        if (reading.signal.aborted) return;
        this.found = Object.fromEntries(figures.map((figure, n) => [figure.name, answers[n]]));
        this.foundZone = this.asked.tz;
        this.through = [this.said("asOf", asOf(answers)), this.said("through", countedThrough(answers))].filter(Boolean).join(" · ");
        this.problem = "";
      } catch (error) {
        if (reading.signal.aborted) return;
        if (quietly) return void (this.problem = this.w.t("analytics.old"));
        this.found = {}; // figures of another range would say what was not asked
        this.through = "";
        this.problem = this.w.t("analytics.failed", { why: this.w.why(error) });
      }
      this.busy = false;
    },
    said(what, ms) {
      return Number.isFinite(ms) ? this.w.t(`analytics.${what}`, { time: this.w.time(ms), zone: this.foundZone }) : "";
    },
  },
};
