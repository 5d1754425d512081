// A quantity: minus, a number that can be typed, plus. Quick steps are gathered into one operation.
import { defineComponent } from "vue";
import { use } from "../../context.js";
import { createTyped } from "../../../device/typed.js";
import { derivedOf } from "../../state.js";
import { choiceOf, handFocusOn } from "./focus.js";

/**
 * @import { PropType } from "vue"
 * @import { QuantityBounds } from "../../../client/messages.js"
 * @import { CatalogueCategory, QuantityRule } from "../../../shared/types.js"
 */

const GATHER_MS = 450;

export const Stepper = defineComponent({
  props: { category: { type: /** @type {PropType<CatalogueCategory>} */ (Object), required: true } },
  setup(props) {
    const context = use("texts", "actions", "state");
    handFocusOn(() => choiceOf(props.category.id));
    return { ...context, kept: createTyped(`${context.state.room.configuration}-${props.category.id}`) };
  },
  data: () => ({
    draft: /** @type {number | null} */ (null),
    typed: /** @type {string | null} */ (null),
    timer: /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined),
    hint: "",
  }),
  template: /* HTML */ `
    <div class="stepper" role="group" :aria-label="label">
      <span class="stepper-label" :id="'quantity-' + category.id">{{ texts.t("quantity.label", { unit }) }}</span>
      <div class="stepper-controls">
        <button
          type="button"
          :aria-label="texts.t('quantity.less', { unit })"
          :disabled="!state.mayEdit || value <= lowest"
          @click="step(-1)"
        >
          <span aria-hidden="true">−</span>
        </button>
        <input
          inputmode="numeric"
          autocomplete="off"
          :aria-labelledby="'quantity-' + category.id"
          :aria-describedby="'bounds-' + category.id"
          :class="{ pending: waiting || typed !== null }"
          :value="typed ?? value"
          :disabled="!state.mayEdit"
          @input="type($event.target.value)"
          @change="commitTyped"
          @blur="commitTyped"
          @keydown.enter="commitTyped"
          @keydown.up.prevent="step(1)"
          @keydown.down.prevent="step(-1)"
        />
        <button
          type="button"
          :aria-label="texts.t('quantity.more', { unit })"
          :disabled="!state.mayEdit || value >= bounds.maximum"
          @click="step(1)"
        >
          <span aria-hidden="true">+</span>
        </button>
      </div>
      <span class="quiet bounds" :id="'bounds-' + category.id">{{ hint || boundsText }}</span>
    </div>
  `,
  computed: {
    /** @returns {QuantityRule} */
    rule() {
      const { quantity } = this.category;
      if (!quantity) throw new Error(`${this.category.id} has no quantity`);
      return quantity;
    },
    /** @returns {Pick<QuantityBounds, "minimum" | "maximum" | "step">} */
    bounds() {
      const own = derivedOf(this.state.room).bounds[this.category.id];
      return own ?? { minimum: this.rule.minimum, maximum: Infinity, step: this.rule.step ?? 1 };
    },
    /** @returns {number} */
    lowest() {
      return this.category.required ? this.bounds.minimum : Math.min(0, this.bounds.minimum);
    },
    /** @returns {string} */
    unit() {
      return this.texts.say(this.rule.unit);
    },
    /** @returns {string} */
    label() {
      return `${this.texts.say(this.category.name)}: ${this.unit}`;
    },
    /** @returns {number} */
    current() {
      return this.state.room.selection[this.category.id]?.quantity ?? 0;
    },
    /** @returns {number | null | undefined} */
    asked() {
      return this.state.asked[this.category.id]?.quantity;
    },
    /** @returns {number} */
    value() {
      return this.draft ?? this.asked ?? this.current;
    },
    /** @returns {boolean} */
    waiting() {
      return this.draft !== null || this.asked !== undefined;
    },
    /** @returns {string} */
    boundsText() {
      return this.texts.t("quantity.bounds", {
        minimum: this.bounds.minimum,
        maximum: this.bounds.maximum,
        unit: this.unit,
      });
    },
  },
  created() {
    this.typed = this.kept.text();
    window.addEventListener("pagehide", this.commit); // steps that are gathered are asked for before
  },
  methods: {
    /** @param {string} text */
    type(text) {
      this.typed = text;
      this.kept.keep(text);
    },
    /** @param {1 | -1} direction */
    step(direction) {
      this.propose(this.value + direction * (this.bounds.step || 1));
    },
    commitTyped() {
      if (this.typed === null) return;
      const text = this.typed.trim();
      this.typed = null;
      this.kept.forget();
      if (!/^\d{1,6}$/.test(text)) {
        this.hint = this.texts.t("quantity.whole", { minimum: this.bounds.minimum, maximum: this.bounds.maximum });
        return;
      }
      this.hint = "";
      this.draft = Number(text);
      this.commit();
    },
    // Steps end at the bounds. A typed number is asked for unchanged: the answer says why it is not
    // possible, and offers what fits, instead of silently changing the number.
    /** @param {number} wanted */
    propose(wanted) {
      const value = Math.min(this.bounds.maximum, Math.max(this.lowest, wanted));
      this.hint = value === wanted ? "" : this.texts.t("quantity.limit", { limit: value, unit: this.unit });
      this.draft = value;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.commit(), GATHER_MS);
    },
    commit() {
      clearTimeout(this.timer);
      const value = this.draft;
      this.draft = null;
      if (value === null || value === (this.asked ?? this.current)) return;
      const category = this.category.id;
      this.actions.clicked(this.category, `quantity:${value}`);
      if (value === 0) this.actions.submit({ kind: "clear", category });
      else this.actions.submit({ kind: "set_quantity", category, quantity: value });
    },
  },
  beforeUnmount() {
    window.removeEventListener("pagehide", this.commit);
    this.kept.forget();
    this.commit();
  },
});
