// The ways of sessions as a ranked list: in which order choices were made, and how often that ended
// in an inquiry. A list says more here than a diagram of flows: ways cross each other all the time.
const SHOWN = 10;

export default {
  props: { found: Object, w: Object },
  template: `
    <ol class="paths" data-testid="paths">
      <li v-for="(path, n) in shown" :key="n">
        <p class="way">
          <template v-for="(step, n) in path.steps" :key="n">
            <span v-if="n" class="then" aria-hidden="true">→</span><span class="step">{{ w.category(step) }}</span>
          </template>
          <span v-if="!path.steps.length" class="quiet">{{ w.t("analytics.pathEmpty") }}</span>
        </p>
        <p class="much">
          <span class="share" aria-hidden="true"><span :style="{ width: 100 * path.share / most + '%' }"></span></span>
          <span>{{ w.t("analytics.pathSaid", said(path)) }}</span>
        </p>
      </li>
    </ol>
    <p v-if="!found.rows.length" class="quiet">{{ w.t("analytics.none") }}</p>
    <button v-if="found.rows.length > SHOWN" type="button" class="text-button less" :aria-expanded="String(all)" @click="all = !all">
      {{ all ? w.t("analytics.showLess") : w.t("analytics.showAll", { n: w.number(found.rows.length) }) }}
    </button>`,
  data: () => ({ all: false, SHOWN }),
  computed: {
    shown() {
      return this.all ? this.found.rows : this.found.rows.slice(0, SHOWN);
    },
    most() {
      return Math.max(...this.found.rows.map((path) => path.share), 1e-9);
    },
  },
  methods: {
    said(path) {
      const { sessions, completed, share } = path;
      return { n: this.w.number(sessions), share: this.w.percent(share), completed: this.w.number(completed) };
    },
  },
};
