// What a section shows, whole, as files for people.
import { addressOf } from "../calling.js";

const FORMS = ["xlsx", "csv"];

export const Files = {
  inject: ["desk"],
  props: { place: String, title: String, query: Object },
  template: `<p class="files"><a v-for="f in forms" :key="f" :href="hrefOf(f)" download :aria-label="desk.t('operations.' + f + 'Of', { title })">{{ desk.t("operations." + f) }}</a></p>`,
  data: () => ({ forms: FORMS }),
  methods: {
    hrefOf(format) {
      return addressOf(this.place, { ...this.query, format, lang: this.desk.language });
    },
  },
};
