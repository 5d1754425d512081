// A native dialog as a sheet: focus stays inside, Escape closes, focus returns where it was.
import { closeDialog, openDialog } from "../older.js";

export const Sheet = {
  inject: ["screen"],
  props: { name: String, title: String },
  template: `
    <dialog ref="dialog" class="sheet" :class="'sheet-' + name" :aria-labelledby="'sheet-title-' + name" @close="screen.close()" @click="onClick">
      <div class="sheet-body">
        <div class="sheet-head">
          <h2 :id="'sheet-title-' + name">{{ title }}</h2>
          <button type="button" class="text-button" @click="close">{{ screen.t("close") }}</button>
        </div>
        <slot></slot>
      </div>
    </dialog>`,
  mounted() {
    openDialog(this.$refs.dialog);
  },
  beforeUnmount() {
    if (this.$refs.dialog.open) this.close();
  },
  methods: {
    close() {
      closeDialog(this.$refs.dialog);
    },
    onClick(event) {
      if (event.target === this.$refs.dialog) this.close();
    },
  },
};
