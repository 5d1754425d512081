// A ranked list of paths, of which the first are shown until all are asked for.
import { defineComponent } from "vue";

/** @typedef {{ steps: string[], bar: number, said: string, empty: string }} RankedPath see ui/figures/ranked.py */
const text = { type: String, required: /** @type {const} */ (true) };

export default defineComponent({
  props: {
    paths: text,
    called: text,
    none: text,
    less: text,
    all: text,
    limit: { type: Number, required: true },
  },
  template: /* HTML */ `
    <div>
      <ol class="paths" :data-testid="called">
        <li v-for="(path, n) in shown" :key="n">
          <p class="path">
            <template v-for="(step, n) in path.steps" :key="n">
              <span v-if="n" class="then" aria-hidden="true">→</span><span class="step">{{ step }}</span>
            </template>
            <span v-if="path.empty" class="quiet">{{ path.empty }}</span>
          </p>
          <p class="much">
            <span class="share" aria-hidden="true"><span :style="{ width: 100 * path.bar + '%' }"></span></span>
            <span>{{ path.said }}</span>
          </p>
        </li>
      </ol>
      <p v-if="!found.length" class="quiet">{{ none }}</p>
      <button
        v-if="found.length > limit"
        type="button"
        class="text-button less"
        :aria-expanded="String(whole)"
        @click="whole = !whole"
      >
        {{ whole ? less : all }}
      </button>
    </div>
  `,
  data: () => ({ whole: false }),
  computed: {
    /** @returns {RankedPath[]} */
    found() {
      return JSON.parse(this.paths);
    },
    /** @returns {RankedPath[]} */
    shown() {
      return this.whole ? this.found : this.found.slice(0, this.limit);
    },
  },
});
