// One category: its options as a radio group, its quantity, and the answers about it.
//
// Arrow keys move, and choose after a short rest, so passing over an option changes nothing for the
// others in the room; space, enter and a click choose at once.
import { defineComponent } from "vue";
import { use } from "../../context.js";
import { colourOf, swatchStyle } from "./swatches.js";
import { choiceOf, handFocusOn } from "./focus.js";
import { withInitials } from "../../people_here.js";
import { derivedOf } from "../../state.js";
import { Face } from "../people/face.js";
import { Stepper } from "./stepper.js";
import { last } from "../../../shared/older_browsers.js";

/**
 * @import { PropType } from "vue"
 * @import { Choice, Repair } from "../../../client/messages.js"
 * @import { CatalogueCategory, CatalogueOption } from "../../../shared/types.js"
 * @import { Adjustment, ChangeEntry, Refusal, Why } from "../../types.js"
 *
 * @typedef {Partial<CatalogueOption> & { readonly id: string }} Shown
 */

const REST_MS = 400;
const NONE = "";
/** @type {Record<string, number>} */
const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

export const Notice = defineComponent({
  props: {
    refusal: /** @type {PropType<Refusal>} */ (Object),
    adjustment: /** @type {PropType<Adjustment>} */ (Object),
  },
  setup(props) {
    handFocusOn(() => choiceOf((props.refusal ?? props.adjustment)?.category));
    return use("texts", "words", "actions");
  },
  template: /* HTML */ `
    <div class="notice" :class="refusal ? 'refused' : 'adjusted'" role="group" :aria-label="title" :data-notice="key">
      <div class="notice-text">
        <strong>{{ title }}</strong>
        <p v-for="(reason, i) in reasons" :key="i">{{ texts.say(reason.text) }}</p>
      </div>
      <div class="repairs" v-if="refusal && refusal.repairs.length">
        <button v-for="(repair, i) in refusal.repairs" :key="i" type="button" class="button" @click="choose(repair)">
          {{ texts.say(repair.text) }}<span class="repair-price">{{ texts.difference(repair.difference_cents) }}</span>
        </button>
      </div>
      <button type="button" class="text-button" @click="actions.dismiss(key)">
        {{ texts.t(refusal ? "notice.leave" : "notice.understood") }}
      </button>
    </div>
  `,
  computed: {
    /** @returns {string} */
    title() {
      if (this.refusal) return this.words.refusalTitle(this.refusal);
      if (!this.adjustment) return "";
      if (!this.reasons.length) return this.words.describeAdjustment(this.adjustment);
      const { mine, author } = this.adjustment;
      return this.texts.t(mine ? "adjusted.titleYou" : "adjusted.titleOther", { name: author.name });
    },
    /** @returns {string} */
    key() {
      return (this.refusal ?? this.adjustment)?.key ?? "";
    },
    /** @returns {readonly Why[]} */
    reasons() {
      return (this.refusal ?? this.adjustment)?.reasons ?? [];
    },
  },
  methods: {
    /** @param {Repair} repair */
    choose(repair) {
      if (this.refusal) this.actions.repair(this.refusal, repair);
    },
  },
});

export const Category = defineComponent({
  components: { Face, Stepper, Notice },
  setup: () => use("texts", "words", "actions", "state"),
  props: {
    category: { type: /** @type {PropType<CatalogueCategory>} */ (Object), required: true },
    number: Number,
  },
  data: () => ({
    resting: /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined),
    focused: /** @type {string | null} */ (null),
  }),
  template: /* HTML */ `
    <section
      class="category"
      :id="'category-' + category.id"
      :aria-labelledby="'name-' + category.id"
      @focusin="actions.visit(category.id)"
      @pointerdown="actions.visit(category.id)"
    >
      <div class="category-head">
        <h2 :id="'name-' + category.id">
          <span class="number" aria-hidden="true">{{ number }}</span>{{ texts.say(category.name) }}
        </h2>
        <span class="visitors" v-if="visitors.length"
          ><Face v-for="p in visitors" :key="p.person" :who="p" small /><span class="sr-only"
            >{{ texts.t("people.looking", { names: visitors.map((p) => p.name).join(", ") }) }}</span
          ></span
        >
        <span class="current" :class="{ open: !chosen }">{{ currentText }}</span>
      </div>
      <p class="description" v-if="texts.say(category.description)">{{ texts.say(category.description) }}</p>
      <Notice v-for="r in refusals" :key="r.key" :refusal="r" />
      <Notice v-for="a in adjustments" :key="a.key" :adjustment="a" />
      <div
        role="radiogroup"
        :aria-labelledby="'name-' + category.id"
        :class="['options', layout]"
        :aria-disabled="String(!state.mayEdit)"
      >
        <button
          v-for="option in options"
          :key="option.id"
          type="button"
          role="radio"
          class="option"
          :class="{ chosen: option.id === shown, pending: option.id === shown && asked !== undefined, glow: glowing === option.id, none: option.id === '' }"
          :style="glowing === option.id ? { '--who': 'var(--person-' + glowColour + ')' } : null"
          :aria-checked="String(option.id === shown)"
          :tabindex="option.id === tabStop ? 0 : -1"
          :aria-disabled="String(!state.mayEdit)"
          :data-option="option.id"
          @pointerenter="actions.rest(category.id, option.id, $event.pointerType)"
          @pointerleave="actions.moveOn"
          @click="choose(option.id)"
          @keydown="onKey($event, option.id)"
        >
          <span v-if="layout === 'cards'" class="swatch" :style="swatch(option)"></span>
          <span class="mark" aria-hidden="true"></span>
          <span class="option-text"
            ><span class="option-name"
              >{{ option.id === "" ? words.withoutText(category) : texts.say(option.name) }}</span
            ><span class="option-line" v-if="texts.say(option.description)"
              >{{ texts.say(option.description) }}</span
            ></span
          >
          <span class="option-price">{{ priceText(option.id) }}</span>
          <span v-if="lastBy && lastBy.option === option.id" class="last-by"
            ><Face :who="lastBy.author" small /><span class="sr-only"
              >{{ texts.t("option.chosenBy", { name: lastBy.author.name }) }}</span
            ></span
          >
        </button>
      </div>
      <Stepper v-if="category.quantity && chosen" :category="category" />
    </section>
  `,
  computed: {
    /** @returns {Choice | null} */
    selected() {
      return this.state.room.selection[this.category.id] ?? null;
    },
    /** @returns {Partial<Choice> | null | undefined} */
    asked() {
      return this.state.asked[this.category.id];
    },
    /** @returns {string} */
    shown() {
      if (this.asked === null) return NONE;
      if (this.asked?.option) return this.asked.option;
      return this.selected?.option ?? NONE;
    },
    /** @returns {boolean} */
    chosen() {
      return this.selected !== null;
    },
    /** @returns {readonly Shown[]} */
    options() {
      if (this.category.required) return this.category.options;
      return [{ id: NONE }, ...this.category.options];
    },
    /** @returns {"cards" | "rows"} */
    layout() {
      const swatches = new Set(this.category.options.map((o) => colourOf(o)).filter(Boolean));
      return swatches.size > 1 ? "cards" : "rows";
    },
    /** @returns {string} */
    tabStop() {
      if (this.focused !== null) return this.focused;
      return this.options.some((o) => o.id === this.shown) ? this.shown : this.options[0].id;
    },
    visitors() {
      return this.state.people.filter((p) => !p.me && p.category === this.category.id);
    },
    refusals() {
      return this.state.room.refusals.filter((r) => r.category === this.category.id);
    },
    adjustments() {
      return this.state.room.adjustments.filter((a) => a.category === this.category.id);
    },
    /** @returns {ChangeEntry | null} */
    lastChange() {
      return this.state.room.changes.find((c) => c.changes.some((x) => x.category === this.category.id)) ?? null;
    },
    /** @returns {{ option: string, author: ReturnType<typeof withInitials> } | null} */
    lastBy() {
      if (!this.lastChange || this.lastChange.mine) return null;
      const option = this.lastChange.changes.find((x) => x.category === this.category.id)?.after?.option ?? NONE;
      return { option, author: withInitials(this.lastChange.author) };
    },
    /** @returns {string | null} */
    glowing() {
      const seenAt = this.lastChange?.seenAt ?? 0;
      return this.lastBy && this.state.room.clock - seenAt < 1600 ? this.lastBy.option : null;
    },
    /** @returns {number} */
    glowColour() {
      return (this.lastChange?.author.colour ?? 0) % 8;
    },
    /** @returns {string} */
    currentText() {
      if (!this.selected) return this.texts.t("category.none");
      return this.words.choiceText(this.category.id, this.selected);
    },
  },
  methods: {
    /** @param {Shown} option */
    swatch(option) {
      return option.id === NONE ? null : swatchStyle(this.category, option);
    },
    /** @param {string} id */
    priceText(id) {
      const derived = derivedOf(this.state.room);
      const now = this.selected?.option ?? NONE;
      if (id === now) return id === NONE ? "" : this.texts.t("price.chosen");
      const cents =
        id === NONE ? derived.clear_differences[this.category.id] : derived.differences[this.category.id]?.[id];
      if (cents === undefined || cents === null) return this.texts.t("price.onRequest");
      if (cents === 0) return this.texts.t("price.same");
      return this.texts.difference(cents);
    },
    /** @param {string} id */
    choose(id) {
      clearTimeout(this.resting);
      this.focused = null;
      this.actions.clicked(this.category, id);
      if (!this.state.mayEdit) return this.actions.refuseHere();
      if (id === this.shown) return;
      if (id === NONE) this.actions.submit({ kind: "clear", category: this.category.id });
      else this.actions.submit({ kind: "select", category: this.category.id, option: id });
    },
    /** @param {KeyboardEvent} event @param {string} id */
    onKey(event, id) {
      const step = STEPS[event.key];
      const ids = this.options.map((o) => o.id);
      /** @type {string | null | undefined} */
      let to = null;
      if (step) to = ids[(ids.indexOf(id) + step + ids.length) % ids.length];
      else if (event.key === "Home") to = ids[0];
      else if (event.key === "End") to = last(ids);
      if (to === null || to === undefined) return;
      const next = to;
      event.preventDefault();
      this.focused = next;
      this.$nextTick(() => this.$el.querySelector(`[data-option="${CSS.escape(next)}"]`)?.focus());
      clearTimeout(this.resting);
      this.resting = setTimeout(() => this.choose(next), REST_MS);
    },
  },
  beforeUnmount() {
    clearTimeout(this.resting);
  },
});
