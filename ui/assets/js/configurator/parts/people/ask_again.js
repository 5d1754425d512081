// A question in place of the button that asked it, with several answers, the first of which changes
// nothing. If the other answer fails, the reason is shown beside the button that was pressed.
import { defineComponent, ref } from "vue";
import { use } from "../../context.js";

/** @import { PropType } from "vue" */

export const AskAgain = defineComponent({
  props: {
    text: String,
    ways: { type: /** @type {PropType<{ key: string, label: string }[]>} */ (Array), required: true },
    busy: Boolean,
    problem: String,
    stay: String,
  },
  emits: ["go", "keep"],
  setup: () => ({ ...use("texts"), first: ref(/** @type {HTMLElement | null} */ (null)) }),
  template: /* HTML */ `
    <div class="sure" role="group" :aria-label="text">
      <p>{{ text }}</p>
      <slot></slot>
      <p v-if="problem" class="problem" role="alert">{{ problem }}</p>
      <div class="ways">
        <button type="button" class="button" ref="first" @click="$emit('keep')">
          {{ stay ?? texts.t("access.keep") }}
        </button>
        <button
          v-for="way in ways"
          :key="way.key"
          type="button"
          class="button danger"
          :disabled="busy"
          @click="$emit('go', way.key)"
        >
          {{ way.label }}
        </button>
      </div>
    </div>
  `,
  mounted() {
    this.first?.focus();
  },
});
