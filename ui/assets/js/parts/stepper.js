// A quantity: minus, a number one can type, plus. Quick steps are gathered into one operation.
import { createTyped } from "../typed.js";
import { choiceOf, handsFocusOn } from "./focus.js";

const GATHER_MS = 450;

export const Stepper = {
  mixins: [
    handsFocusOn(function () {
      return choiceOf(this.category.id);
    }),
  ],
  inject: ["screen"],
  props: { category: Object },
  data: () => ({ draft: null, typed: null, timer: null, hint: "" }),
  template: `
    <div class="stepper" role="group" :aria-label="label">
      <span class="stepper-label" :id="'quantity-' + category.id">{{ screen.t("quantity.label", { unit }) }}</span>
      <div class="stepper-controls">
        <button type="button" :aria-label="screen.t('quantity.less', { unit })" :disabled="!screen.mayEdit.value || value <= lowest" @click="step(-1)"><span aria-hidden="true">−</span></button>
        <input inputmode="numeric" autocomplete="off" :aria-labelledby="'quantity-' + category.id" :aria-describedby="'bounds-' + category.id"
          :class="{ pending: waiting || typed !== null }" :value="typed ?? value" :disabled="!screen.mayEdit.value" @input="type($event.target.value)" @change="commitTyped" @blur="commitTyped" @keydown.enter="commitTyped" @keydown.up.prevent="step(1)" @keydown.down.prevent="step(-1)" />
        <button type="button" :aria-label="screen.t('quantity.more', { unit })" :disabled="!screen.mayEdit.value || value >= bounds.maximum" @click="step(1)"><span aria-hidden="true">+</span></button>
      </div>
      <span class="quiet bounds" :id="'bounds-' + category.id">{{ hint || boundsText }}</span>
    </div>`,
  computed: {
    bounds() {
      const own = this.screen.room.derived.bounds[this.category.id];
      return own ?? { minimum: this.category.quantity.minimum, maximum: Infinity, step: this.category.quantity.step ?? 1 };
    },
    lowest() {
      return this.category.required ? this.bounds.minimum : Math.min(0, this.bounds.minimum);
    },
    unit() {
      return this.screen.say(this.category.quantity.unit);
    },
    label() {
      return `${this.screen.say(this.category.name)}: ${this.unit}`;
    },
    current() {
      return this.screen.room.selection[this.category.id]?.quantity ?? 0;
    },
    asked() {
      return this.screen.asked.value[this.category.id]?.quantity;
    },
    value() {
      return this.draft ?? this.asked ?? this.current;
    },
    waiting() {
      return this.draft !== null || this.asked !== undefined;
    },
    boundsText() {
      return this.screen.t("quantity.bounds", { minimum: this.bounds.minimum, maximum: this.bounds.maximum, unit: this.unit });
    },
  },
  created() {
    this.kept = createTyped(`${this.screen.room.configuration}-${this.category.id}`);
    this.typed = this.kept.text();
    window.addEventListener("pagehide", this.commit); // steps that are gathered are asked for before
  },
  methods: {
    type(text) {
      this.typed = text;
      this.kept.keep(text);
    },
    step(direction) {
      this.propose(this.value + direction * (this.bounds.step || 1));
    },
    commitTyped() {
      if (this.typed === null) return;
      const text = this.typed.trim();
      this.typed = null;
      this.kept.forget();
      if (!/^\d{1,6}$/.test(text)) {
        this.hint = this.screen.t("quantity.whole", { minimum: this.bounds.minimum, maximum: this.bounds.maximum });
        return;
      }
      this.hint = "";
      this.draft = Number(text);
      this.commit();
    },
    // Steps end at the bounds. What was typed is asked for as it is: the answer says why not, and
    // offers what fits, instead of quietly making it another number.
    propose(wanted) {
      const value = Math.min(this.bounds.maximum, Math.max(this.lowest, wanted));
      this.hint = value === wanted ? "" : this.screen.t("quantity.limit", { limit: value, unit: this.unit });
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
      this.screen.clicked(this.category, `quantity:${value}`);
      if (value === 0) this.screen.submit({ kind: "clear", category });
      else this.screen.submit({ kind: "set_quantity", category, quantity: value });
    },
  },
  beforeUnmount() {
    window.removeEventListener("pagehide", this.commit);
    this.kept.forget();
    this.commit();
  },
};
