// Scheduled files: which figure, over which days, when; and the files that were made.
import SortedTable from "./table.js";
import { FIGURES, ownQuery } from "./figures.js";
import { fileAddress, read, send } from "./reading.js";
import Sure from "../sure.js";
import trying from "./trying.js";

const SPANS = [1, 7, 30, 90];
const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
const DAYS = [null, 1, 2, 3, 4, 5, 6, 7]; // null is every day, 1 a Monday
const FILES_SHOWN = 5;
const FORMS = ["xlsx", "csv"];

export default {
  components: { SortedTable, Sure },
  mixins: [trying],
  props: { asked: Object, w: Object },
  template: `
    <p class="quiet">{{ w.t(delivered ? "analytics.csvDelivered" : "analytics.csvKept", { n: kept }) }}</p>
    <form class="panel" @submit.prevent="make" data-testid="schedule-form">
      <div class="fields">
        <label class="broad"><span>{{ w.t("analytics.name") }}</span>
          <input v-model.trim="wish.name" required maxlength="80" autocomplete="off" /></label>
        <label><span>{{ w.t("analytics.figure") }}</span>
          <select v-model="wish.view"><option v-for="f in figures" :key="f" :value="f">{{ w.t("analytics." + f) }}</option></select></label>
        <label><span>{{ w.t("analytics.form") }}</span>
          <select v-model="form" data-testid="schedule-form-kind"><option v-for="f in FORMS" :key="f" :value="f">{{ w.t("analytics." + f) }}</option></select></label>
        <label><span>{{ w.t("analytics.about") }}</span>
          <select v-model="wish.days"><option v-for="d in SPANS" :key="d" :value="d">{{ spanText(d) }}</option></select></label>
        <label><span>{{ w.t("analytics.every") }}</span>
          <select v-model="wish.weekday"><option v-for="d in DAYS" :key="d" :value="d">{{ everyText(d) }}</option></select></label>
        <label><span>{{ w.t("analytics.hour") }}</span>
          <select v-model="wish.hour"><option v-for="h in HOURS" :key="h" :value="h">{{ hourText(h) }}</option></select></label>
      </div>
      <p class="quiet">{{ w.t("analytics.scheduleZone", { zone: asked.tz }) }}</p>
      <button type="submit" class="button primary" :disabled="busy || full">{{ w.t("analytics.scheduleMake") }}</button>
      <p v-if="full" class="quiet">{{ w.t("analytics.scheduleFull", { n: most }) }}</p>
      <p v-if="problem" class="problem" role="alert">{{ problem }}</p>
    </form>
    <ul class="plain cards" data-testid="schedules">
      <li v-for="row in schedules" :key="row.schedule.id" class="panel">
        <header>
          <h3>{{ row.schedule.name }}</h3>
          <Sure :label="w.t('analytics.scheduleRemove')" :question="w.t('analytics.scheduleSure')" :keep="w.t('analytics.cancel')" @sure="remove(row.schedule)" />
        </header>
        <p>{{ sentence(row.schedule) }}</p>
        <p class="quiet">{{ w.t("analytics.scheduleNext", { time: w.minute(row.schedule.next_due_at, row.schedule.zone) }) }}</p>
        <SortedTable v-if="row.files.length" :columns="columns" :rows="row.files" :w="w" :label="w.t('analytics.files')" :limit="FILES_SHOWN">
          <template #actions="{ row: file }"><a v-if="!file.problem" :href="fileUrl(file)" download>{{ w.t("analytics.download") }}</a></template>
        </SortedTable>
        <p v-else class="quiet">{{ w.t("analytics.scheduleNoFile") }}</p>
      </li>
    </ul>
    <p v-if="loaded && !schedules.length" class="quiet">{{ w.t("analytics.scheduleNone") }}</p>`,
  data() {
    return {
      SPANS,
      HOURS,
      DAYS,
      FILES_SHOWN,
      FORMS,
      form: "xlsx",
      figures: FIGURES.map((figure) => figure.name),
      wish: { name: "", view: "kpis", days: 7, weekday: 1, hour: 6 },
      schedules: [],
      most: 0,
      kept: 0,
      delivered: false,
      loaded: false,
    };
  },
  computed: {
    full() {
      return this.loaded && this.schedules.length >= this.most;
    },
    columns() {
      const { t } = this.w;
      const days = (f) => (f.first_day === f.last_day ? this.w.day(f.first_day) : `${this.w.day(f.first_day)} – ${this.w.day(f.last_day)}`);
      const state = (f) => t(stateKey(f));
      return [
        { key: "last_day", label: t("analytics.about"), head: true, text: days },
        { key: "made_at", label: t("analytics.made"), of: (f) => Date.parse(f.made_at), text: (f) => this.w.minute(f.made_at) },
        { key: "rows", label: t("analytics.lines"), num: true, text: (f) => this.w.number(f.rows) },
        { key: "state", label: t("analytics.status"), of: state, text: state },
      ];
    },
  },
  mounted() {
    this.list();
  },
  methods: {
    list() {
      return this.try(async () => {
        const answer = await read("schedules");
        Object.assign(this, { schedules: answer.schedules, most: answer.schedules_max, kept: answer.files_kept, delivered: answer.delivered, loaded: true });
      });
    },
    make() {
      return this.try(async () => {
        const figure = FIGURES.find((each) => each.name === this.wish.view);
        const own = Object.entries({ ...ownQuery(figure, this.asked), bots: this.asked.bots, format: this.form, lang: this.w.language });
        const query = Object.fromEntries(own.filter(([, value]) => value));
        await send("schedules", { ...this.wish, query, zone: this.asked.tz });
        this.wish.name = "";
        await this.list();
      });
    },
    remove(schedule) {
      return this.try(async () => {
        await send(`schedules/${encodeURIComponent(schedule.id)}/remove`);
        await this.list();
      });
    },
    fileUrl(file) {
      return fileAddress(file.id);
    },
    spanText(days) {
      return days === 1 ? this.w.t("analytics.dayBefore") : this.w.t("analytics.daysBefore", { n: days });
    },
    everyText(weekday) {
      return weekday ? this.w.t("analytics.everyWeek", { day: this.w.weekday(weekday) }) : this.w.t("analytics.everyDay");
    },
    hourText(hour) {
      return `${String(hour).padStart(2, "0")}:00`;
    },
    sentence({ view, query, days, weekday, hour, zone }) {
      const [span, when] = [this.spanText(days), this.everyText(weekday)];
      const form = this.w.t(`analytics.${query.format ?? "csv"}`);
      const place = { figure: this.w.t(`analytics.${view}`), form, span, when, hour: this.hourText(hour), zone };
      return this.w.t("analytics.scheduleSaid", place);
    },
  },
};

function stateKey({ problem, delivered_at }) {
  if (problem) return problem === "file_too_large" ? "analytics.fileTooLarge" : "analytics.fileNotMade";
  return delivered_at ? "analytics.fileDelivered" : "analytics.fileKept";
}
