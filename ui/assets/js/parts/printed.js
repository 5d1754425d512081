// The house on paper: once, with its code, its picture, every choice with its price, and the total.
import { swatchStyle } from "../materials.js";

export const Printed = {
  inject: ["screen"],
  props: { categories: Array },
  template: `
    <article class="printed">
      <header><strong class="brand">NEST</strong><h1>{{ screen.t("house.title") }} {{ screen.room.code }}</h1><time>{{ today }}</time></header>
      <img v-if="picture" :src="picture" alt="" />
      <table class="breakdown">
        <tbody><tr v-for="row in rows" :key="row.id">
          <td><span v-if="row.swatch" class="swatch" :style="row.swatch"></span></td>
          <th scope="row"><span class="line-name">{{ row.name }}</span><span class="line-detail quiet">{{ row.choice }}</span></th>
          <td>{{ row.amount }}</td>
        </tr></tbody>
        <tfoot><tr><td></td><th scope="row">{{ screen.t("breakdown.total") }}</th><td>{{ screen.euro(price.total_cents) }}</td></tr></tfoot>
      </table>
      <p class="footnote">{{ screen.financingText.value }} {{ screen.t("vat") }}</p>
    </article>`,
  computed: {
    price() {
      return this.screen.room.derived.price;
    },
    picture() {
      const url = this.screen.room.derived.previews?.[this.screen.ui.view];
      return url && this.screen.ui.language === "en" ? `${url}?lang=en` : url;
    },
    today() {
      return this.screen.date(this.screen.room.clock);
    },
    rows() {
      return this.categories.map((category) => {
        const choice = this.screen.room.selection[category.id] ?? null;
        const option = choice && category.options.find((o) => o.id === choice.option);
        const line = this.price.lines.find((l) => l.category === category.id);
        const drawn = option && category.options.length > 1 && !this.screen.plain.includes(category.id);
        return {
          id: category.id,
          name: this.screen.say(category.name),
          choice: this.screen.choiceText(category.id, choice),
          swatch: drawn ? swatchStyle(category, option) : null,
          amount: line ? this.screen.lineAmount(line) : "",
        };
      });
    },
  },
};
