// Toasts: what happened out of sight, with the way there.
import { tellHeight } from "../bars.js";
import { choiceOf, handsFocusOn } from "./focus.js";

const Toast = {
  mixins: [
    handsFocusOn(function () {
      return choiceOf(this.toast.category);
    }),
  ],
  inject: ["screen"],
  props: { toast: Object },
  emits: ["show"],
  template: `
    <div class="toast" :class="toast.kind" role="group" :aria-label="screen.t('toast.label')" :data-toast="toast.key">
      <span class="dot" :class="'colour-' + (toast.colour % 8)"></span>
      <div class="toast-text"><strong v-if="toast.title">{{ toast.title }}</strong><p v-if="toast.text">{{ toast.text }}</p></div>
      <span class="toast-actions"><button v-if="toast.category" type="button" class="text-button" @click="$emit('show', toast)">{{ screen.t("toast.show") }}</button>
      <button type="button" class="text-button" @click="screen.closeToast(toast.key)">{{ screen.t("close") }}</button></span>
    </div>`,
};

const List = {
  components: { Toast },
  inject: ["screen"],
  emits: ["show"],
  template: `<div class="toasts"><Toast v-for="toast in screen.ui.toasts" :key="toast.key" :toast="toast" @show="$emit('show', $event)" /></div>`,
  mounted() {
    this.forgetHeight = tellHeight(this.$el, "--told");
  },
  beforeUnmount() {
    this.forgetHeight();
  },
};

export const Toasts = {
  components: { List },
  inject: ["screen"],
  emits: ["show"],
  template: `<List v-if="screen.ui.toasts.length" @show="$emit('show', $event)" />`,
};
