// Who came back: people by the week of their first session, as a table whose colour is the share.
const WEEKS_SHOWN = 13;

export default {
  props: { found: Object, w: Object },
  template: `
    <div v-if="weeks.length" class="scroll" tabindex="0" role="group" :aria-label="w.t('analytics.retention')">
      <table class="heat" data-testid="retention">
        <caption class="sr-only">{{ w.t("analytics.retentionNote") }}</caption>
        <thead><tr>
          <th scope="col">{{ w.t("analytics.firstWeek") }}</th>
          <th scope="col" class="num">{{ w.t("analytics.people") }}</th>
          <th v-for="later in columns" :key="later" scope="col" class="num">{{ w.t("analytics.weekLater", { n: later }) }}</th>
        </tr></thead>
        <tbody>
          <tr v-for="week in weeks" :key="week.week">
            <th scope="row">{{ w.day(week.week) }}</th>
            <td class="num">{{ w.number(week.people) }}</td>
            <td v-for="later in columns" :key="later" class="num" :class="{ warm: cell(week, later) }" :style="{ '--part': share(week, later) / most }"
              :title="cell(week, later) === null ? null : w.t('analytics.peopleBack', { n: cell(week, later) })">
              {{ cell(week, later) === null ? "" : w.percent(share(week, later)) }}
            </td>
          </tr>
        </tbody>
      </table>
    </div>
    <p v-else class="quiet">{{ w.t("analytics.none") }}</p>`,
  computed: {
    weeks() {
      return [...this.found.rows].reverse();
    },
    columns() {
      const last = Math.max(0, ...this.weeks.map((week) => week.returned.length - 1));
      return Array.from({ length: Math.min(last, WEEKS_SHOWN) }, (_, n) => n + 1);
    },
    most() {
      return Math.max(...this.weeks.flatMap((week) => this.columns.map((later) => this.share(week, later))), 1e-9);
    },
  },
  methods: {
    cell(week, later) {
      return week.returned[later] ?? null;
    },
    share(week, later) {
      return (this.cell(week, later) ?? 0) / week.people;
    },
  },
};
