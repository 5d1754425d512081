// The price: always visible, always the server's. The number counts to its new value; what is
// read out is the new value at once.
import { tellHeight } from "../bars.js";
import { createCount } from "../counting.js";

export const PriceBar = {
  inject: ["screen"],
  data: () => ({ shownCents: null }),
  template: `
    <footer class="pricebar" ref="bar" :aria-label="screen.t('pricebar.label')">
      <div class="figures">
        <p class="total" data-testid="total" :data-cents="price.total_cents"><span aria-hidden="true">{{ screen.euro(shownCents) }}</span><span class="sr-only">{{ screen.t("pricebar.total", { total: screen.euro(price.total_cents) }) }}</span></p>
        <p class="figure"><button type="button" class="monthly" aria-haspopup="dialog" @click="screen.open('breakdown')">{{ monthly }}&#8239;<span class="star" aria-hidden="true">*</span><span class="sr-only">, {{ screen.t("pricebar.assumptions") }}</span></button></p>
        <p class="figure per-m2">{{ screen.euroRounded(price.per_m2_cents) }}/m²</p>
      </div>
      <button type="button" class="button quiet-button breakdown-button" aria-haspopup="dialog" @click="screen.open('breakdown')"><span class="label">{{ screen.t("pricebar.breakdown") }}</span><svg viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="m6 15 6-6 6 6" /></svg></button>
      <button v-if="screen.owns.value" type="button" class="button primary" aria-haspopup="dialog" :disabled="!screen.mayShare.value" @click="screen.open('inquiry')">{{ screen.t("pricebar.inquire") }}</button>
    </footer>`,
  computed: {
    price() {
      return this.screen.room.derived.price;
    },
    monthly() {
      return this.screen.t("pricebar.monthly", { amount: this.screen.euroRounded(this.price.financing.monthly_cents) });
    },
  },
  watch: {
    "price.total_cents"(to) {
      this.count.to(to);
    },
  },
  created() {
    const still = () => document.hidden || window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.count = createCount({ show: (cents) => (this.shownCents = cents), still });
    this.count.set(this.price.total_cents);
  },
  mounted() {
    this.forgetHeight = tellHeight(this.$refs.bar, "--bar");
  },
  beforeUnmount() {
    this.forgetHeight();
    this.count.stop();
  },
};

export const Breakdown = {
  inject: ["screen"],
  template: `
    <table class="breakdown">
      <caption class="sr-only">{{ screen.t("breakdown.title") }}</caption>
      <thead class="sr-only"><tr><th scope="col">{{ screen.t("breakdown.item") }}</th><th scope="col">{{ screen.t("breakdown.amount") }}</th></tr></thead>
      <tbody>
        <tr v-for="line in price.lines" :key="line.id">
          <th scope="row"><span class="line-name">{{ screen.optionName(line.category, line.option) }}</span><span class="quiet line-detail">{{ detail(line) }}</span></th>
          <td>{{ screen.lineAmount(line) }}</td>
        </tr>
      </tbody>
      <tfoot><tr><th scope="row">{{ screen.t("breakdown.total") }}</th><td data-testid="breakdown-total">{{ screen.euro(price.total_cents) }}</td></tr></tfoot>
    </table>
    <p class="footnote" id="financing">{{ screen.financingText.value }}</p>`,
  computed: {
    price() {
      return this.screen.room.derived.price;
    },
  },
  methods: {
    detail(line) {
      const parts = [this.screen.lineDetail(line)].filter(Boolean);
      if (line.quantity && line.unit_cents) {
        parts.push(`${this.screen.quantityText(line.category, line.quantity)} × ${this.screen.euro(line.unit_cents)}`);
      }
      return parts.join(" · ");
    },
  },
};
