// A native dialog as a sheet: focus stays inside, Escape closes, focus returns where it was.
import { defineComponent, ref } from "vue";
import { use } from "../context.js";
import { closeDialog, openDialog } from "../../shared/older_browsers.js";

export const Sheet = defineComponent({
  setup: () => ({ ...use("texts", "actions"), dialog: ref(/** @type {HTMLDialogElement | null} */ (null)) }),
  props: { name: String, title: String },
  template: /* HTML */ `
    <dialog
      ref="dialog"
      class="sheet"
      :class="'sheet-' + name"
      :aria-labelledby="'sheet-title-' + name"
      @close="actions.close()"
      @click="onClick"
    >
      <div class="sheet-body">
        <div class="sheet-head">
          <h2 :id="'sheet-title-' + name">{{ title }}</h2>
          <button type="button" class="text-button" @click="close">{{ texts.t("close") }}</button>
        </div>
        <slot></slot>
      </div>
    </dialog>
  `,
  mounted() {
    if (this.dialog) openDialog(this.dialog);
  },
  beforeUnmount() {
    if (this.dialog?.open) this.close();
  },
  methods: {
    close() {
      if (this.dialog) closeDialog(this.dialog);
    },
    /** @param {MouseEvent} event */
    onClick(event) {
      if (event.target === this.dialog) this.close();
    },
  },
});
