// Undo and redo of one's own changes. Disabled only when it is known that there is nothing; disabled
// buttons stay focusable, so that the focus of somebody who uses the keyboard is not lost.
const MAC = /mac|iphone|ipad/i.test(navigator.platform);
const KINDS = [
  { kind: "undo", can: "canUndo", keys: "Control+Z Meta+Z", hint: MAC ? "⌘Z" : { de: "Strg+Z", en: "Ctrl+Z" }, path: "M8.5 5 4 9.5 8.5 14M4.5 9.5H14a5.5 5.5 0 0 1 0 11H9.5" },
  { kind: "redo", can: "canRedo", keys: "Control+Shift+Z Meta+Shift+Z Control+Y", hint: MAC ? "⇧⌘Z" : { de: "Strg+Umschalt+Z", en: "Ctrl+Shift+Z" }, path: "M15.5 5 20 9.5 15.5 14M19.5 9.5H10a5.5 5.5 0 0 0 0 11h4.5" },
];

export const TakeBack = {
  inject: ["screen"],
  data: () => ({ kinds: KINDS }),
  template: `
    <div class="takeback" role="group" :aria-label="screen.t('takeback.label')">
      <button v-for="k in kinds" :key="k.kind" type="button" :class="{ pending: screen.takingBack.value === k.kind }" :data-testid="k.kind"
        :aria-label="screen.t('takeback.' + k.kind)" :title="title(k)" :aria-keyshortcuts="k.keys"
        :aria-disabled="String(screen.room[k.can] === false)" :aria-busy="String(screen.takingBack.value === k.kind)" @click="screen.takeBack(k.kind)">
        <svg viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path :d="k.path" /></svg>
      </button>
    </div>`,
  methods: {
    title({ kind, hint }) {
      return `${this.screen.t("takeback." + kind)} (${hint[this.screen.ui.language] ?? hint})`;
    },
  },
};
