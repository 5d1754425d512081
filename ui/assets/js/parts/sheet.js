// A native dialog as a sheet: focus stays inside, Escape closes, focus returns where it was.
export const Sheet = {
  inject: ["screen"],
  props: { name: String, title: String },
  template: `
    <dialog ref="dialog" class="sheet" :class="'sheet-' + name" :aria-labelledby="'sheet-title-' + name" @close="screen.close()" @click="onClick">
      <div class="sheet-body">
        <div class="sheet-head">
          <h2 :id="'sheet-title-' + name">{{ title }}</h2>
          <button type="button" class="text-button" @click="$refs.dialog.close()">{{ screen.t("close") }}</button>
        </div>
        <slot></slot>
      </div>
    </dialog>`,
  mounted() {
    this.$refs.dialog.showModal();
  },
  beforeUnmount() {
    if (this.$refs.dialog.open) this.$refs.dialog.close();
  },
  methods: {
    onClick(event) {
      if (event.target === this.$refs.dialog) this.$refs.dialog.close();
    },
  },
};
