// One category: its options as a radio group, its quantity, and what was said about it.
//
// Arrow keys move and choose after a short rest, so that passing an option changes nothing for the
// others in the room; space, enter and a click choose at once.
import { swatchStyle } from "../materials.js";
import { choiceOf, handsFocusOn } from "./focus.js";
import { Face } from "./face.js";
import { Stepper } from "./stepper.js";
import { last } from "../older.js";

const REST_MS = 400;
const NONE = "";

export const Notice = {
  mixins: [
    handsFocusOn(function () {
      return choiceOf((this.refusal ?? this.adjustment).category);
    }),
  ],
  inject: ["screen"],
  props: { refusal: Object, adjustment: Object },
  template: `
    <div class="notice" :class="refusal ? 'refused' : 'adjusted'" role="group" :aria-label="title" :data-notice="(refusal ?? adjustment).key">
      <div class="notice-text">
        <strong>{{ title }}</strong>
        <p v-for="(reason, i) in reasons" :key="i">{{ screen.say(reason.text) }}</p>
      </div>
      <div class="repairs" v-if="refusal && refusal.repairs.length">
        <button v-for="(repair, i) in refusal.repairs" :key="i" type="button" class="button" @click="screen.repair(refusal, repair)">
          {{ screen.say(repair.text) }}<span class="repair-price">{{ screen.difference(repair.difference_cents) }}</span>
        </button>
      </div>
      <button type="button" class="text-button" @click="screen.dismiss((refusal ?? adjustment).key)">{{ screen.t(refusal ? "notice.leave" : "notice.understood") }}</button>
    </div>`,
  computed: {
    title() {
      if (this.refusal) return this.screen.refusalTitle(this.refusal);
      if (!this.reasons.length) return this.screen.describeAdjustment(this.adjustment);
      const { mine, author } = this.adjustment;
      return this.screen.t(mine ? "adjusted.titleYou" : "adjusted.titleOther", { name: author.name });
    },
    reasons() {
      return (this.refusal ?? this.adjustment).reasons;
    },
  },
};

export const Category = {
  components: { Face, Stepper, Notice },
  inject: ["screen"],
  props: { category: Object, number: Number },
  data: () => ({ resting: null, focused: null }),
  template: `
    <section class="category" :id="'category-' + category.id" :aria-labelledby="'name-' + category.id" @focusin="screen.visit(category.id)" @pointerdown="screen.visit(category.id)">
      <div class="category-head">
        <h2 :id="'name-' + category.id"><span class="number" aria-hidden="true">{{ number }}</span>{{ screen.say(category.name) }}</h2>
        <span class="visitors" v-if="visitors.length"><Face v-for="p in visitors" :key="p.person" :who="p" small /><span class="sr-only">{{ screen.t("people.looking", { names: visitors.map((p) => p.name).join(", ") }) }}</span></span>
        <span class="current" :class="{ open: !chosen }">{{ currentText }}</span>
      </div>
      <p class="description" v-if="screen.say(category.description)">{{ screen.say(category.description) }}</p>
      <Notice v-for="r in refusals" :key="r.key" :refusal="r" />
      <Notice v-for="a in adjustments" :key="a.key" :adjustment="a" />
      <div role="radiogroup" :aria-labelledby="'name-' + category.id" :class="['options', layout]" :aria-disabled="String(!screen.mayEdit.value)">
        <button v-for="option in options" :key="option.id" type="button" role="radio" class="option"
          :class="{ chosen: option.id === shown, pending: option.id === shown && asked !== undefined, glow: glowing === option.id, none: option.id === '' }"
          :style="glowing === option.id ? { '--who': 'var(--person-' + glowColour + ')' } : null"
          :aria-checked="String(option.id === shown)" :tabindex="option.id === tabStop ? 0 : -1" :aria-disabled="String(!screen.mayEdit.value)"
          :data-option="option.id" @pointerenter="screen.measure.rest(category.id, option.id, $event.pointerType)" @pointerleave="screen.measure.moveOn" @click="choose(option.id)" @keydown="onKey($event, option.id)">
          <span v-if="layout === 'cards'" class="swatch" :style="swatch(option)"></span>
          <span class="mark" aria-hidden="true"></span>
          <span class="option-text"><span class="option-name">{{ option.id === "" ? screen.withoutText(category) : screen.say(option.name) }}</span><span class="option-line" v-if="screen.say(option.description)">{{ screen.say(option.description) }}</span></span>
          <span class="option-price">{{ priceText(option.id) }}</span>
          <span v-if="lastBy && lastBy.option === option.id" class="last-by"><Face :who="lastBy.author" small /><span class="sr-only">{{ screen.t("option.chosenBy", { name: lastBy.author.name }) }}</span></span>
        </button>
      </div>
      <Stepper v-if="category.quantity && chosen" :category="category" />
    </section>`,
  computed: {
    selected() {
      return this.screen.room.selection[this.category.id] ?? null;
    },
    asked() {
      return this.screen.asked.value[this.category.id];
    },
    shown() {
      if (this.asked === null) return NONE;
      if (this.asked?.option) return this.asked.option;
      return this.selected?.option ?? NONE;
    },
    chosen() {
      return this.selected !== null;
    },
    options() {
      if (this.category.required) return this.category.options;
      return [{ id: NONE, name: null, description: null }, ...this.category.options];
    },
    layout() {
      const swatches = new Set(this.category.options.map((o) => o.swatch?.colour ?? o.swatch).filter(Boolean));
      return this.category.options.length > 1 && swatches.size > 1 && !this.screen.plain.includes(this.category.id) ? "cards" : "rows";
    },
    tabStop() {
      if (this.focused !== null) return this.focused;
      return this.options.some((o) => o.id === this.shown) ? this.shown : this.options[0].id;
    },
    visitors() {
      return this.screen.people.value.filter((p) => !p.me && p.category === this.category.id);
    },
    refusals() {
      return this.screen.room.refusals.filter((r) => r.category === this.category.id);
    },
    adjustments() {
      return this.screen.room.adjustments.filter((a) => a.category === this.category.id);
    },
    lastChange() {
      return this.screen.room.changes.find((c) => c.changes.some((x) => x.category === this.category.id)) ?? null;
    },
    lastBy() {
      if (!this.lastChange || this.lastChange.mine) return null;
      const option = this.lastChange.changes.find((x) => x.category === this.category.id).after?.option ?? NONE;
      return { option, author: this.screen.withInitials(this.lastChange.author) };
    },
    glowing() {
      const fresh = this.lastBy && this.screen.room.clock - this.lastChange.seenAt < 1600;
      return fresh ? this.lastBy.option : null;
    },
    glowColour() {
      return (this.lastChange?.author.colour ?? 0) % 8;
    },
    currentText() {
      if (!this.selected) return this.screen.t("category.none");
      return this.screen.choiceText(this.category.id, this.selected);
    },
  },
  methods: {
    swatch(option) {
      return option.id === NONE ? null : swatchStyle(this.category, option);
    },
    priceText(id) {
      const derived = this.screen.room.derived;
      const now = this.selected?.option ?? NONE;
      if (id === now) return id === NONE ? "" : this.screen.t("price.chosen");
      const cents = id === NONE ? derived.clear_differences[this.category.id] : derived.differences[this.category.id]?.[id];
      if (cents === undefined || cents === null) return this.screen.t("price.onRequest");
      if (cents === 0) return this.screen.t("price.same");
      return this.screen.difference(cents);
    },
    choose(id) {
      clearTimeout(this.resting);
      this.focused = null;
      this.screen.clicked(this.category, id);
      if (!this.screen.mayEdit.value) return this.screen.refuseHere();
      if (id === this.shown) return;
      if (id === NONE) this.screen.submit({ kind: "clear", category: this.category.id });
      else this.screen.submit({ kind: "select", category: this.category.id, option: id });
    },
    onKey(event, id) {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const ids = this.options.map((o) => o.id);
      let to = null;
      if (step) to = ids[(ids.indexOf(id) + step + ids.length) % ids.length];
      else if (event.key === "Home") to = ids[0];
      else if (event.key === "End") to = last(ids);
      if (to === null) return;
      event.preventDefault();
      this.focused = to;
      this.$nextTick(() => this.$el.querySelector(`[data-option="${CSS.escape(to)}"]`)?.focus());
      clearTimeout(this.resting);
      this.resting = setTimeout(() => this.choose(to), REST_MS);
    },
  },
  beforeUnmount() {
    clearTimeout(this.resting);
  },
};
