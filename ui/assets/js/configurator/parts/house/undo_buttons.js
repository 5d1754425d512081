// Undo and redo of the reader's own changes. A button is disabled only if it is known that there is
// nothing to undo or redo. It stays focusable then, so a keyboard user does not lose the focus.
import { defineComponent } from "vue";
import { use } from "../../context.js";
/** @import { Language } from "../../../shared/types.js" */

const MAC = /mac|iphone|ipad/i.test(navigator.platform);
/** @typedef {{ kind: "undo" | "redo", can: "canUndo" | "canRedo", keys: string, hint: string | Record<Language, string>, path: string }} Kind */

/** @type {readonly Kind[]} */
const KINDS = [
  {
    kind: "undo",
    can: "canUndo",
    keys: "Control+Z Meta+Z",
    hint: MAC ? "⌘Z" : { de: "Strg+Z", en: "Ctrl+Z" },
    path: "M8.5 5 4 9.5 8.5 14M4.5 9.5H14a5.5 5.5 0 0 1 0 11H9.5",
  },
  {
    kind: "redo",
    can: "canRedo",
    keys: "Control+Shift+Z Meta+Shift+Z Control+Y",
    hint: MAC ? "⇧⌘Z" : { de: "Strg+Umschalt+Z", en: "Ctrl+Shift+Z" },
    path: "M15.5 5 20 9.5 15.5 14M19.5 9.5H10a5.5 5.5 0 0 0 0 11h4.5",
  },
];

export const TakeBack = defineComponent({
  setup: () => use("texts", "actions", "state"),
  data: () => ({ kinds: KINDS }),
  template: /* HTML */ `
    <div class="takeback" role="group" :aria-label="texts.t('takeback.label')">
      <button
        v-for="k in kinds"
        :key="k.kind"
        type="button"
        :class="{ pending: state.takingBack === k.kind }"
        :data-testid="k.kind"
        :aria-label="texts.t('takeback.' + k.kind)"
        :title="title(k)"
        :aria-keyshortcuts="k.keys"
        :aria-disabled="String(state.room[k.can] === false)"
        :aria-busy="String(state.takingBack === k.kind)"
        @click="actions.takeBack(k.kind)"
      >
        <svg
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
          <path :d="k.path" />
        </svg>
      </button>
    </div>
  `,
  methods: {
    /** @param {Kind} kind */
    title({ kind, hint }) {
      const keys = typeof hint === "string" ? hint : hint[this.state.ui.language];
      return `${this.texts.t("takeback." + kind)} (${keys})`;
    },
  },
});
