// Somebody as a round sign: their colour, and always their initials.
export const Face = {
  props: { who: Object, small: Boolean },
  template: `<span class="face" :class="['colour-' + (who.colour % 8), { small }]" :title="who.name" aria-hidden="true">{{ who.initials }}</span>`,
};
