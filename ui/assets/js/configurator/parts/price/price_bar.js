// The price: always visible, always the server's. The number counts to its new value; screen
// readers get the new value at once.
import { computed, defineComponent, onBeforeUnmount, ref, watch } from "vue";
import { use } from "../../context.js";
import { useHeight } from "../../../shared/bar_height.js";
import { derivedOf } from "../../state.js";
import { createCount } from "./counting.js";

/** @import { PriceLine } from "../../../client/messages.js" */

export const PriceBar = defineComponent({
  setup() {
    const context = use("texts", "actions", "state");
    const price = computed(() => derivedOf(context.state.room).price);
    const shownCents = ref(price.value.total_cents);
    const still = () => document.hidden || window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    const count = createCount({ show: (cents) => (shownCents.value = cents), still });
    count.set(price.value.total_cents);
    watch(() => price.value.total_cents, count.to);
    onBeforeUnmount(count.stop);
    useHeight("--bar");
    return { ...context, price, shownCents };
  },
  template: /* HTML */ `
    <footer class="pricebar" :aria-label="texts.t('pricebar.label')">
      <div class="figures">
        <p class="total" data-testid="total" :data-cents="price.total_cents">
          <span aria-hidden="true">{{ texts.euro(shownCents) }}</span
          ><span class="sr-only">{{ texts.t("pricebar.total", { total: texts.euro(price.total_cents) }) }}</span>
        </p>
        <p class="figure">
          <button type="button" class="monthly" aria-haspopup="dialog" @click="actions.open('breakdown')">
            {{ monthly }}&#8239;<span class="star" aria-hidden="true">*</span
            ><span class="sr-only">, {{ texts.t("pricebar.assumptions") }}</span>
          </button>
        </p>
        <p class="figure per-m2">{{ texts.euroRounded(price.per_m2_cents) }}/m²</p>
      </div>
      <button
        type="button"
        class="button quiet-button breakdown-button"
        aria-haspopup="dialog"
        @click="actions.open('breakdown')"
      >
        <span class="label">{{ texts.t("pricebar.breakdown") }}</span
        ><svg
          viewBox="0 0 24 24"
          width="20"
          height="20"
          fill="none"
          stroke="currentColor"
          stroke-width="1.6"
          stroke-linecap="round"
          stroke-linejoin="round"
          aria-hidden="true"
        >
          <path d="m6 15 6-6 6 6" />
        </svg>
      </button>
      <button
        v-if="state.owns"
        type="button"
        class="button primary"
        aria-haspopup="dialog"
        :disabled="!state.mayShare"
        @click="actions.open('inquiry')"
      >
        {{ texts.t("pricebar.inquire") }}
      </button>
    </footer>
  `,
  computed: {
    monthly() {
      return this.texts.t("pricebar.monthly", { amount: this.texts.euroRounded(this.price.financing.monthly_cents) });
    },
  },
});

export const Breakdown = defineComponent({
  setup: () => use("texts", "words", "state"),
  template: /* HTML */ `
    <table class="breakdown">
      <caption class="sr-only">
        {{ texts.t("breakdown.title") }}
      </caption>
      <thead class="sr-only">
        <tr>
          <th scope="col">{{ texts.t("breakdown.item") }}</th>
          <th scope="col">{{ texts.t("breakdown.amount") }}</th>
        </tr>
      </thead>
      <tbody>
        <tr v-for="line in price.lines" :key="line.id">
          <th scope="row">
            <span class="line-name">{{ words.optionName(line.category, line.option) }}</span
            ><span class="quiet line-detail">{{ detail(line) }}</span>
          </th>
          <td>{{ texts.lineAmount(line) }}</td>
        </tr>
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">{{ texts.t("breakdown.total") }}</th>
          <td data-testid="breakdown-total">{{ texts.euro(price.total_cents) }}</td>
        </tr>
      </tfoot>
    </table>
    <p class="footnote" id="financing">{{ words.financingText(price.financing) }}</p>
  `,
  computed: {
    price() {
      return derivedOf(this.state.room).price;
    },
  },
  methods: {
    /** @param {PriceLine} line */
    detail(line) {
      const parts = [this.words.lineDetail(line)].filter(Boolean);
      if (line.quantity && line.unit_cents) {
        parts.push(`${this.words.quantityText(line.category, line.quantity)} × ${this.texts.euro(line.unit_cents)}`);
      }
      return parts.join(" · ");
    },
  },
});
