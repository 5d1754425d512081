// Single sessions page by page: those that ended without an inquiry, and all of them; searched and
// sorted by the API, so that what is not loaded yet counts, too. Says `seek` with what is asked.
import SortedTable from "./table.js";
import { countedThrough, read } from "./reading.js";

const PAGE = 100;
const SEEK_AFTER_MS = 400;
const CODE = /^[0-9A-Za-z_-]{1,64}$/;
const STATUSES = ["ACTIVE", "COMPLETED", "ABANDONED", "EXPIRED"];
const DEVICES = ["mobile", "tablet", "desktop"];
const LANGUAGES = ["de", "en"];

// What was abandoned stands above the list of all and does not push it out of sight.
const LIMITS = { abandoned: 12, sessions: Infinity };

const nothing = () => ({ q: "", status: "", device: "", language: "", last_category: "", value: "" });

export default {
  components: { SortedTable },
  props: { name: String, query: Object, categories: Array, w: Object },
  emits: ["play", "seek"],
  template: `
    <form class="fields" role="search" @submit.prevent="begin" :data-testid="name + '-search'">
      <label class="broad"><span>{{ w.t("analytics.search") }}</span><input v-model.trim="sought.q" type="search" maxlength="200" :placeholder="w.t('analytics.searchHint')" /></label>
      <label v-if="name === 'sessions'"><span>{{ w.t("analytics.status") }}</span><select v-model="sought.status"><option value="">{{ w.t("analytics.any") }}</option><option v-for="s in STATUSES" :key="s" :value="s">{{ w.t("analytics." + s) }}</option></select></label>
      <label><span>{{ w.t("analytics.device") }}</span><select v-model="sought.device"><option value="">{{ w.t("analytics.any") }}</option><option v-for="d in DEVICES" :key="d" :value="d">{{ w.t("analytics." + d) }}</option></select></label>
      <label><span>{{ w.t("analytics.language") }}</span><select v-model="sought.language"><option value="">{{ w.t("analytics.any") }}</option><option v-for="l in LANGUAGES" :key="l" :value="l">{{ w.languageName(l) }}</option></select></label>
      <label><span>{{ w.t("analytics.last") }}</span><select v-model="sought.last_category"><option value="">{{ w.t("analytics.any") }}</option><option v-for="c in categories" :key="c" :value="c">{{ w.category(c) }}</option></select></label>
      <label><span>{{ w.t("analytics.valueFrom") }}</span><input v-model.trim="sought.value" inputmode="numeric" pattern="[0-9. ]*" maxlength="12" size="9" autocomplete="off" /></label>
      <button v-if="seeking" type="button" class="text-button" @click="clear">{{ w.t("analytics.clearSearch") }}</button>
    </form>
    <p v-if="problem" class="problem" role="alert">{{ problem }}</p>
    <p v-else-if="through" class="quiet" data-testid="list-through">{{ through }}</p>
    <SortedTable :columns="columns" :rows="rows" :w="w" :label="w.t('analytics.' + name)" :served="order" :limit="LIMITS[name]" :testid="name"
      :empty="busy ? w.t('analytics.loading') : seeking ? w.t('analytics.noneFound') : ''" @order="sort">
      <template #actions="{ row }">
        <a v-if="isCode(row.code)" class="small" :href="houseUrl(row.code)" target="_blank" rel="noopener">{{ w.t("analytics.openHouse") }}</a>
        <a class="button small" :href="replayUrl(row.id)" @click="play($event, row.id)">{{ w.t("analytics.play") }}</a>
      </template>
    </SortedTable>
    <p v-if="next" class="more"><button type="button" class="button" :disabled="busy" @click="more">{{ w.t("analytics.moreRows", { n: PAGE }) }}</button> <span class="quiet">{{ w.t("analytics.shownSoFar", { n: w.number(rows.length) }) }}</span></p>`,
  data() {
    const order = { key: this.name === "abandoned" ? "last_seen_at" : "started_at", up: false };
    return { PAGE, LIMITS, STATUSES, DEVICES, LANGUAGES, sought: nothing(), order, rows: [], next: null, pages: [], busy: false, problem: "" };
  },
  computed: {
    // Of all its pages, the one that was read first.
    through() {
      const ms = countedThrough(this.pages);
      return Number.isFinite(ms) ? this.w.t("analytics.through", { time: this.w.time(ms), zone: this.w.zone }) : "";
    },
    seeking() {
      return Object.values(this.sought).some(Boolean);
    },
    // As the API takes it.
    asked() {
      const { value, ...sought } = this.sought;
      const euros = value.replace(/\D/g, "");
      const { key, up } = this.order;
      return { ...sought, value_min_cents: euros && String(Number(euros) * 100), sort: key, direction: up ? "asc" : "desc" };
    },
    columns() {
      const { t } = this.w;
      const status = (v) => t(`analytics.${v.status}`);
      const time = (key) => ({ key, of: (v) => Date.parse(v[key]), text: (v) => this.w.time(v[key]) });
      return [
        { ...time("started_at"), label: t("analytics.pathBegan"), head: true },
        { ...time("last_seen_at"), label: t("analytics.lastSeen") },
        { key: "status", label: t("analytics.status"), text: status },
        { key: "last_category", label: t("analytics.last"), text: (v) => (v.last_category ? this.w.category(v.last_category) : "–") },
        { key: "value_cents", label: t("analytics.value"), num: true, text: (v) => this.w.euro(v.value_cents) },
        { key: "interactions", label: t("analytics.events"), num: true, text: (v) => this.w.number(v.interactions) },
        { key: "device", label: t("analytics.device"), text: (v) => (DEVICES.includes(v.device) ? t(`analytics.${v.device}`) : v.device ?? "–") },
        { key: "language", label: t("analytics.language"), text: (v) => (v.language ? this.w.languageName(v.language) : "–") },
        { key: "referrer", label: t("analytics.referrer"), text: (v) => v.referrer ?? "–" },
        { key: "code", label: t("analytics.house"), unsorted: true },
        { key: "client_session_id", label: t("analytics.clientId"), unsorted: true, quiet: true, clip: true },
      ];
    },
  },
  watch: {
    query() {
      this.begin();
    },
    sought: {
      deep: true,
      handler() {
        clearTimeout(this.waiting);
        this.waiting = setTimeout(this.begin, SEEK_AFTER_MS);
      },
    },
  },
  mounted() {
    this.begin();
  },
  beforeUnmount() {
    clearTimeout(this.waiting);
    this.reading?.abort();
  },
  methods: {
    begin() {
      clearTimeout(this.waiting);
      this.$emit("seek", this.asked);
      return this.load({});
    },
    more() {
      return this.load({ cursor: this.next });
    },
    clear() {
      this.sought = nothing();
    },
    sort(order) {
      this.order = order;
      this.begin();
    },
    // What is shown stays until the first page of what is asked now is there.
    async load(place) {
      this.reading?.abort();
      const reading = (this.reading = new AbortController());
      this.busy = true;
      this.problem = "";
      try {
        const page = await read(this.name, { ...this.query, ...this.asked, limit: PAGE, ...place }, reading.signal);
        const [rows, pages] = place.cursor ? [this.rows, this.pages] : [[], []];
        this.rows = [...rows, ...page.rows];
        this.next = page.next;
        this.pages = [...pages, { stored_through: page.stored_through }];
      } catch (error) {
        if (reading.signal.aborted) return;
        if (!place.cursor) Object.assign(this, { rows: [], next: null, pages: [] });
        this.problem = this.w.t("analytics.failed", { why: this.w.why(error) });
      }
      this.busy = false;
    },
    play(event, id) {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.$emit("play", id);
    },
    replayUrl(id) {
      const asked = new URLSearchParams(window.location.search);
      asked.set("replay", id);
      return `${window.location.pathname}?${asked}`;
    },
    isCode(code) {
      return CODE.test(String(code ?? ""));
    },
    houseUrl(code) {
      return `/c/${encodeURIComponent(code)}?as=admin`;
    },
  },
};
