// The newest changes: their author, their category, their time, and their effect on the price.
import { defineComponent } from "vue";
import { use } from "../../context.js";
import { isNews } from "../../notices/change_notices.js";

export const History = defineComponent({
  setup: () => use("texts", "words", "state"),
  props: { count: Number },
  template: /* HTML */ `
    <div class="history" data-testid="history">
      <h2>{{ texts.t("history.title") }}</h2>
      <p v-if="!history.length" class="quiet">{{ texts.t(nothingListed) }}</p>
      <ol v-else class="plain">
        <li v-for="h in history" :key="h.key">
          <span class="dot" :class="'colour-' + (h.colour % 8)"></span><span class="history-text">{{ h.text }}</span
          ><span class="history-cents" v-if="h.effect">{{ h.effect }}</span><time>{{ h.time }}</time>
        </li>
      </ol>
    </div>
  `,
  computed: {
    nothingListed() {
      if (this.state.room.version > 0) return "history.earlier";
      if (!this.state.mayEdit) return "history.emptyViewer";
      return this.state.mayShare ? "history.empty" : "history.emptyGuest";
    },
    history() {
      return this.state.room.changes
        .filter(isNews)
        .slice(0, this.count)
        .map((change) => ({
          key: change.key,
          colour: change.author.colour,
          text: this.words.describe(change),
          effect: change.change_cents ? this.texts.difference(change.change_cents) : "",
          time: this.texts.time(change.at),
        }));
    },
  },
});
