// The house on paper: once, with its code, its picture, every choice with its price, and the total.
import { defineComponent } from "vue";
import { use } from "../../context.js";
import { derivedOf } from "../../state.js";
import { swatchStyle } from "../choices/swatches.js";

export const Printed = defineComponent({
  setup: () => use("texts", "words", "state"),
  template: /* HTML */ `
    <article class="printed">
      <header>
        <strong class="brand">NEST</strong>
        <h1>{{ texts.t("house.title") }} {{ state.room.code }}</h1>
        <time>{{ today }}</time>
      </header>
      <img v-if="picture" :src="picture" alt="" />
      <table class="breakdown">
        <tbody>
          <tr v-for="row in rows" :key="row.id">
            <td><span v-if="row.swatch" class="swatch" :style="row.swatch"></span></td>
            <th scope="row">
              <span class="line-name">{{ row.name }}</span><span class="line-detail quiet">{{ row.choice }}</span>
            </th>
            <td>{{ row.amount }}</td>
          </tr>
        </tbody>
        <tfoot>
          <tr>
            <td></td>
            <th scope="row">{{ texts.t("breakdown.total") }}</th>
            <td>{{ texts.euro(price.total_cents) }}</td>
          </tr>
        </tfoot>
      </table>
      <p class="footnote">{{ words.financingText(price.financing) }} {{ texts.t("vat") }}</p>
    </article>
  `,
  computed: {
    price() {
      return derivedOf(this.state.room).price;
    },
    picture() {
      const url = derivedOf(this.state.room).previews[this.state.ui.view];
      return url && this.state.ui.language === "en" ? `${url}?lang=en` : url;
    },
    today() {
      return this.texts.date(this.state.room.clock);
    },
    rows() {
      return this.state.catalogue.categories.map((category) => {
        const choice = this.state.room.selection[category.id] ?? null;
        const option = choice && category.options.find((o) => o.id === choice.option);
        const line = this.price.lines.find((l) => l.category === category.id);
        const drawn = option && category.options.length > 1;
        return {
          id: category.id,
          name: this.texts.say(category.name),
          choice: this.words.choiceText(category.id, choice),
          swatch: drawn ? swatchStyle(category, option) : null,
          amount: line ? this.texts.lineAmount(line) : "",
        };
      });
    },
  },
});
