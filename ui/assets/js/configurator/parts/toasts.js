// Toasts about events out of sight, each with a way to their place.
import { defineComponent } from "vue";
import { use } from "../context.js";
import { useHeight } from "../../shared/bar_height.js";
import { choiceOf, handFocusOn } from "./choices/focus.js";

/** @import { PropType } from "vue" */
/** @import { Toast as ToastEntry } from "../types.js" */

const Toast = defineComponent({
  props: { toast: { type: /** @type {PropType<ToastEntry>} */ (Object), required: true } },
  emits: ["show"],
  setup(props) {
    handFocusOn(() => choiceOf(props.toast.category));
    return use("texts", "actions");
  },
  template: /* HTML */ `
    <div class="toast" :class="toast.kind" role="group" :aria-label="texts.t('toast.label')" :data-toast="toast.key">
      <span class="dot" :class="'colour-' + (toast.colour % 8)"></span>
      <div class="toast-text">
        <strong v-if="toast.title">{{ toast.title }}</strong>
        <p v-if="toast.text">{{ toast.text }}</p>
      </div>
      <span class="toast-actions"
        ><button v-if="toast.category" type="button" class="text-button" @click="$emit('show', toast)">
          {{ texts.t("toast.show") }}
        </button>
        <button type="button" class="text-button" @click="actions.closeToast(toast.key)">
          {{ texts.t("close") }}
        </button></span
      >
    </div>
  `,
});

const List = defineComponent({
  components: { Toast },
  setup() {
    useHeight("--told");
    return use("state");
  },
  emits: ["show"],
  template: /* HTML */ `
    <div class="toasts">
      <Toast v-for="toast in state.ui.toasts" :key="toast.key" :toast="toast" @show="$emit('show', $event)" />
    </div>
  `,
});

export const Toasts = defineComponent({
  components: { List },
  setup: () => use("state"),
  emits: ["show"],
  template: /* HTML */ ` <List v-if="state.ui.toasts.length" @show="$emit('show', $event)" /> `,
});
