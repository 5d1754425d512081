// Single sessions page by page: those that ended without an inquiry, and all of them.
import SortedTable from "./table.js";
import { countedThrough, read } from "./reading.js";

const PAGE = 25;
const CODE = /^[0-9A-Za-z_-]{1,64}$/;

export default {
  components: { SortedTable },
  props: { name: String, query: Object, w: Object },
  emits: ["play"],
  template: `
    <p v-if="problem" class="problem" role="alert">{{ problem }}</p>
    <p v-else-if="through" class="quiet" data-testid="list-through">{{ through }}</p>
    <SortedTable :columns="columns" :rows="rows" :w="w" :label="w.t('analytics.' + name)" sort="last_seen_at" :limit="1000" :testid="name">
      <template #actions="{ row }">
        <a v-if="isCode(row.code)" class="small" :href="houseUrl(row.code)" target="_blank" rel="noopener">{{ w.t("analytics.openHouse") }}</a>
        <button type="button" class="button small" @click="$emit('play', row.id)">{{ w.t("analytics.play") }}</button>
      </template>
    </SortedTable>
    <button v-if="next" type="button" class="button" :disabled="busy" @click="more">{{ w.t("analytics.more") }}</button>`,
  data: () => ({ rows: [], next: null, pages: [], busy: false, problem: "" }),
  computed: {
    // Of all its pages, the one that was read first.
    through() {
      const ms = countedThrough(this.pages);
      return Number.isFinite(ms) ? this.w.t("analytics.through", { time: this.w.time(ms), zone: this.w.zone }) : "";
    },
    columns() {
      const { t } = this.w;
      const status = (v) => t(`analytics.${v.status}`);
      const category = (v) => (v.last_category ? this.w.category(v.last_category) : null);
      return [
        { key: "last_seen_at", label: t("analytics.when"), head: true, of: (v) => Date.parse(v.last_seen_at), text: (v) => this.w.time(v.last_seen_at) },
        { key: "status", label: t("analytics.status"), of: status, text: status },
        { key: "last_category", label: t("analytics.last"), of: category, text: (v) => category(v) ?? "–" },
        { key: "value_cents", label: t("analytics.value"), num: true, text: (v) => this.w.euro(v.value_cents) },
        { key: "interactions", label: t("analytics.events"), num: true, text: (v) => this.w.number(v.interactions) },
        { key: "device", label: t("analytics.device") },
        { key: "code", label: t("analytics.house") },
      ];
    },
  },
  watch: {
    query() {
      this.begin();
    },
  },
  mounted() {
    this.begin();
  },
  beforeUnmount() {
    this.reading?.abort();
  },
  methods: {
    begin() {
      this.rows = [];
      this.next = null;
      this.pages = [];
      return this.load({});
    },
    more() {
      return this.load({ cursor: this.next });
    },
    async load(place) {
      this.reading?.abort();
      const reading = (this.reading = new AbortController());
      this.busy = true;
      this.problem = "";
      try {
        const page = await read(this.name, { ...this.query, limit: PAGE, ...place }, reading.signal);
        this.rows = [...this.rows, ...page.rows];
        this.next = page.next;
        this.pages = [...this.pages, { stored_through: page.stored_through }];
      } catch (error) {
        if (reading.signal.aborted) return;
        this.problem = this.w.t("analytics.failed", { why: this.w.why(error) });
      }
      this.busy = false;
    },
    isCode(code) {
      return CODE.test(String(code ?? ""));
    },
    houseUrl(code) {
      return `/c/${encodeURIComponent(code)}?as=admin`;
    },
  },
};
