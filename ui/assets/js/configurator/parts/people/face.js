// A person as a round sign, with their colour and always with their initials.
import { defineComponent } from "vue";

/**
 * @import { PropType } from "vue"
 *
 * @typedef {{ readonly name: string, readonly initials: string, readonly colour: number }} Who
 */

export const Face = defineComponent({
  props: { who: { type: /** @type {PropType<Who>} */ (Object), required: true }, small: Boolean },
  template: /* HTML */ `
    <span class="face" :class="['colour-' + (who.colour % 8), { small }]" :title="who.name" aria-hidden="true"
      >{{ who.initials }}</span
    >
  `,
});
