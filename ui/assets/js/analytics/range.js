// What is asked: range, zone, comparison, bots. Says `ask` with what changed.
import { BOTS, COMPARISONS, RANGES, isEndless } from "./asked.js";
import { nameOfToday, ownZone, zoneGroups, zonesOf } from "./zones.js";

export default {
  props: { asked: Object, zone: String, zones: Array, w: Object },
  emits: ["ask"],
  template: `
    <form class="asked" @submit.prevent :aria-label="w.t('analytics.range')">
      <div class="ranges" role="group" :aria-label="w.t('analytics.range')">
        <button v-for="r in RANGES" :key="r" type="button" class="choice" :aria-pressed="String(!asked.from && asked.timeRange === r)"
          @click="ask({ timeRange: r, from: '', to: '' })">{{ w.t("analytics." + r) }}</button>
      </div>
      <label><span>{{ w.t("analytics.from") }}</span>
        <input type="date" :value="asked.from" :max="asked.to || null" @change="ask({ from: $event.target.value })" /></label>
      <label><span>{{ w.t("analytics.to") }}</span>
        <input type="date" :value="asked.to" :min="asked.from || null" :disabled="!asked.from" @change="ask({ to: $event.target.value })" /></label>
      <label><span>{{ w.t("analytics.compare") }}</span>
        <select :value="asked.compare" :disabled="endless" @change="ask({ compare: $event.target.value })">
          <option v-for="c in COMPARISONS" :key="c" :value="c">{{ w.t("analytics.compare_" + (c || "none")) }}</option>
        </select></label>
      <label><span>{{ w.t("analytics.zone") }}</span>
        <select :value="asked.tz" data-testid="zone" @change="ask({ tz: $event.target.value })">
          <option v-for="z in likely" :key="z" :value="z">{{ z }}</option>
          <optgroup v-for="g in groups" :key="g.name" :label="g.name"><option v-for="z in g.of" :key="z" :value="z">{{ z }}</option></optgroup>
        </select></label>
      <label><span>{{ w.t("analytics.bots") }}</span>
        <select :value="asked.bots" @change="ask({ bots: $event.target.value })">
          <option v-for="b in BOTS" :key="b" :value="b">{{ w.t("analytics.bots_" + (b || "none")) }}</option>
        </select></label>
    </form>`,
  data: () => ({ RANGES, COMPARISONS, BOTS }),
  computed: {
    endless() {
      return isEndless(this.asked);
    },
    likely() {
      return [...new Set([this.zone, nameOfToday(ownZone(), this.zones), "UTC", this.asked.tz])];
    },
    groups() {
      return zoneGroups(zonesOf(this.zone, this.zones).filter((zone) => !this.likely.includes(zone)));
    },
  },
  methods: {
    ask(change) {
      this.$emit("ask", change);
    },
  },
};
