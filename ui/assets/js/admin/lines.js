// The time line: events and what happened to the system, in columns that everybody picks.
import { did, jobName } from "../operations/words.js";
import { parsed, place, read, write } from "../storage.js";

const SYSTEM = new Set(["process_up", "process_gone", "store_away", "store_back", "alert", "alert_over", "job_done", "job_failed", "worker_stopped", "worker_ended"]);
const STORES = ["postgresql", "redis"];
// The subject of an event of the system, in words.
const SUBJECTS = { alert: (t, kind) => t("admin.alert." + kind), job: jobName, store: (t, name) => (STORES.includes(name) ? t("admin.store." + name) : name) };
const COLUMNS = ["time", "type", "what", "price", "version", "house", "session", "device"];
const FIRST = ["time", "type", "what", "price", "house", "session"];
const ALWAYS = new Set(["time", "what"]);
const WIDTHS = { time: "76px", type: "112px", what: "minmax(120px, 1fr)", price: "104px", version: "52px", house: "88px", session: "72px", device: "72px" };
const TIME_WITH_DATE = "124px";
const KEY = "nest-admin-columns";
const SEARCH_AFTER_MS = 400;
const FEW = 30;

const empty = () => ({ text: "", type: "", category: "", session: "" });

// What happened to the system happened at no place of a visit; it is found by its type.
const placesOf = (entry) => (entry.type === "system" ? ["type"] : ["type", "category", "session"]);

export const Lines = {
  inject: ["desk"],
  emits: ["session"],
  data: () => ({ filter: empty(), columns: kept() }),
  template: `
    <section class="feed" aria-labelledby="feed-title">
      <div class="feed-head">
        <h2 id="feed-title">{{ desk.t("admin.feed") }}</h2>
        <details class="columns" ref="columns" @toggle="watchColumns"><summary class="button">{{ desk.t("admin.columns") }}</summary><fieldset><legend class="sr-only">{{ desk.t("admin.columns") }}</legend><label v-for="c in choosable" :key="c" class="check"><input type="checkbox" :checked="columns.includes(c)" @change="toggleColumn(c)" /><span>{{ desk.t("admin.column." + c) }}</span></label></fieldset></details>
        <button type="button" class="button" :aria-pressed="String(feed.paused)" @click="engine.pause(!feed.paused)" data-testid="pause">{{ feed.paused ? desk.t("admin.resume", { count: desk.number(engine.held()) }) : desk.t("admin.pause") }}</button>
      </div>
      <form class="filters" role="search" @submit.prevent="older">
        <label><span>{{ desk.t("admin.filterText") }}</span><input v-model="filter.text" type="search" maxlength="100" data-testid="filter-text" /></label>
        <label><span>{{ desk.t("admin.filterType") }}</span><select v-model="filter.type"><option value="">{{ desk.t("admin.all") }}</option><option v-for="v in choices.type" :key="v" :value="v">{{ desk.typeName(v) }}</option></select></label>
        <label><span>{{ desk.t("admin.filterCategory") }}</span><select v-model="filter.category"><option value="">{{ desk.t("admin.all") }}</option><option v-for="v in choices.category" :key="v" :value="v">{{ desk.categoryName(v) }}</option></select></label>
        <label><span>{{ desk.t("admin.filterSession") }}</span><select v-model="filter.session"><option value="">{{ desk.t("admin.all") }}</option><option v-for="v in choices.session" :key="v" :value="v">{{ v }}</option></select></label>
        <button v-if="filtering" type="button" class="text-button" @click="clearFilter">{{ desk.t("admin.clear") }}</button>
      </form>
      <p v-if="feed.gap" class="quiet">{{ desk.t("admin.gap") }}</p>
      <p v-if="feed.skipped" class="quiet" data-testid="skipped">{{ desk.t("admin.skipped", { count: desk.number(feed.skipped) }) }}</p>
      <div class="lines-frame"><div class="lines" ref="lines" tabindex="0" role="log" aria-live="off" :aria-label="desk.t('admin.feed')" :style="{ '--columns': template }" @scroll="onScroll">
        <p class="line-head quiet" aria-hidden="true"><span v-for="c in columns" :key="c" :class="c">{{ desk.t("admin.column." + c) }}</span></p>
        <p v-if="!shown.length" class="quiet empty">{{ desk.t(filtering ? "admin.noMatch" : "admin.empty") }}</p>
        <article v-for="e in shown" :key="e.id" class="line" :class="{ open: feed.opened === e.id, system: e.type === 'system', fresh: e.id === newest }" :data-event="e.id">
          <p v-if="e.type === 'system'" class="line-system"><time>{{ desk.when(e.at) }}</time><span>{{ systemText(e) }}</span></p>
          <template v-else>
            <button type="button" class="line-button" :aria-expanded="String(feed.opened === e.id)" @click="toggle(e)">
              <template v-for="c in columns" :key="c">
                <time v-if="c === 'time'">{{ desk.when(e.at) }}</time>
                <span v-else-if="c === 'type'" class="type">{{ desk.typeName(e.type) }}</span>
                <span v-else-if="c === 'what'" class="what"><span>{{ desk.categoryName(e.category) }}</span><span v-if="e.previous" class="quiet previous">{{ desk.valueName(e.category, e.previous) }} →</span><span v-if="e.value || e.element" class="value">{{ desk.valueName(e.category, e.value || e.element) }}</span><span v-if="e.spent" class="value">{{ desk.seconds(e.spent) }}</span><span v-if="e.bot" class="bot">{{ desk.t("admin.bot") }}</span></span>
                <span v-else-if="c === 'price'" class="price"><span v-if="e.change" :class="e.change > 0 ? 'more' : 'less'">{{ desk.difference(e.change) }}</span></span>
                <span v-else-if="c === 'house'" class="quiet code">{{ desk.codeOk(e.code) ? e.code : "" }}</span>
                <span v-else-if="c === 'session'" class="quiet session" :title="e.session">{{ e.session.slice(-4) }}</span>
                <span v-else class="quiet" :class="c">{{ e[c] }}</span>
              </template>
            </button>
            <div v-if="feed.opened === e.id" class="raw"><p class="row"><button v-if="e.session" type="button" class="button" data-testid="session" @click="$emit('session', e)">{{ desk.t("admin.session.open") }}</button><a v-if="desk.codeOk(e.code)" class="button" :href="desk.houseUrl(e.code)" target="_blank" rel="noopener">{{ desk.t("admin.open") }}</a><button v-if="e.session && filter.session !== e.session" type="button" class="button" @click="filter.session = e.session">{{ desk.t("admin.onlySession") }}</button></p><h3>{{ desk.t("admin.raw") }}</h3><pre tabindex="0">{{ rawText(e) }}</pre></div>
          </template>
        </article>
        <p v-if="shown.length || filtering" class="older"><button v-if="feed.history !== 'done'" type="button" class="text-button" :disabled="feed.history === 'busy'" @click="older" data-testid="older">{{ desk.t(feed.history === "busy" ? "admin.searching" : feed.history === "away" ? "admin.historyAway" : "admin.older") }}</button><span v-else class="quiet">{{ desk.t("admin.noOlder") }}</span></p>
      </div>
      <button v-if="!feed.paused && feed.held && engine.held()" type="button" class="button floating" @click="toTop">{{ desk.t("admin.new", { count: desk.number(engine.held()) }) }}</button></div>
      <p class="quiet kept">{{ desk.t("admin.kept", { count: desk.number(feed.entries.length), limit: desk.number(engine.KEPT) }) }}</p>
    </section>`,
  computed: {
    engine() {
      return this.desk.engine;
    },
    feed() {
      return this.desk.engine.state;
    },
    choosable: () => COLUMNS.filter((c) => !ALWAYS.has(c)),
    template() {
      const widths = this.shown.every((e) => this.desk.isToday(e.at)) ? WIDTHS : { ...WIDTHS, time: TIME_WITH_DATE };
      return this.columns.map((c) => widths[c]).join(" ");
    },
    choices() {
      const out = { type: new Set(), category: new Set(this.desk.categories.map((c) => c.id)), session: new Set(this.filter.session ? [this.filter.session] : []) };
      for (const e of this.feed.entries) for (const k of placesOf(e)) if (e[k] && out[k].size < 200) out[k].add(e[k]);
      return Object.fromEntries(Object.entries(out).map(([k, v]) => [k, k === "category" ? [...v] : [...v].sort()]));
    },
    // People search for what they read, the events carry ids.
    wish() {
      return { ...this.filter, also: this.desk.optionsNamed(this.filter.text) };
    },
    filtering() {
      return Object.values(this.filter).some(Boolean);
    },
    shown() {
      return this.engine.filtered(this.wish);
    },
    newest() {
      return this.feed.entries[0]?.id;
    },
  },
  watch: {
    // What is searched for may be older than this window.
    filter: {
      deep: true,
      handler() {
        this.engine.searched();
        clearTimeout(this.searching);
        this.searching = setTimeout(() => this.filtering && this.shown.length < FEW && this.older(), SEARCH_AFTER_MS);
      },
    },
  },
  methods: {
    older() {
      this.engine.older(this.wish);
    },
    systemText(entry) {
      const { t, number } = this.desk;
      const kind = entry.category;
      if (!SYSTEM.has(kind)) return kind;
      const subject = SUBJECTS[kind.split("_")[0]]?.(t, entry.subject) ?? entry.subject;
      const { unreadable = "", of_last = "", ...rest } = entry.raw.detail ?? {};
      return t("admin.system." + kind, { unreadable, of_last, what: did(t, number, rest), subject });
    },
    rawText(entry) {
      return JSON.stringify(entry.raw, null, 2);
    },
    clearFilter() {
      Object.assign(this.filter, empty());
    },
    toggleColumn(column) {
      const wanted = new Set(this.columns);
      if (!wanted.delete(column)) wanted.add(column);
      this.columns = COLUMNS.filter((c) => wanted.has(c));
      write(place("localStorage"), KEY, JSON.stringify(this.columns));
    },
    // Open, it closes by Escape and by pressing anything else.
    watchColumns() {
      const listen = this.$refs.columns.open ? "addEventListener" : "removeEventListener";
      document[listen]("keydown", this.leaveColumns);
      document[listen]("pointerdown", this.leaveColumns);
    },
    leaveColumns(event) {
      const menu = this.$refs.columns;
      if (event.type === "keydown" ? event.key !== "Escape" : menu.contains(event.target)) return;
      menu.open = false;
      if (event.type === "keydown") menu.querySelector("summary").focus();
    },
    toggle(entry) {
      this.feed.opened = this.feed.opened === entry.id ? null : entry.id;
      this.hold();
    },
    onScroll() {
      this.hold();
    },
    hold() {
      this.engine.hold((this.$refs.lines?.scrollTop ?? 0) > 4 || this.feed.opened !== null);
    },
    toTop() {
      this.feed.opened = null;
      this.$refs.lines.scrollTop = 0;
      this.hold();
    },
  },
  beforeUnmount() {
    clearTimeout(this.searching);
    document.removeEventListener("keydown", this.leaveColumns);
    document.removeEventListener("pointerdown", this.leaveColumns);
  },
};

function kept() {
  const wanted = parsed(read(place("localStorage"), KEY));
  return Array.isArray(wanted) ? COLUMNS.filter((c) => ALWAYS.has(c) || wanted.includes(c)) : [...FIRST];
}
