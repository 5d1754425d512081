// What was changed last: who, what, when, and what it did to the price.
import { isNews } from "../telling.js";

export const History = {
  inject: ["screen"],
  props: { count: Number },
  template: `
    <div class="history" data-testid="history">
      <h2>{{ screen.t("history.title") }}</h2>
      <p v-if="!history.length" class="quiet">{{ screen.t(nothingListed) }}</p>
      <ol v-else class="plain"><li v-for="h in history" :key="h.key"><span class="dot" :class="'colour-' + (h.colour % 8)"></span><span class="history-text">{{ h.text }}</span><span class="history-cents" v-if="h.effect">{{ h.effect }}</span><time>{{ h.time }}</time></li></ol>
    </div>`,
  computed: {
    nothingListed() {
      if (this.screen.room.version > 0) return "history.earlier";
      if (!this.screen.mayEdit.value) return "history.emptyViewer";
      return this.screen.mayShare.value ? "history.empty" : "history.emptyGuest";
    },
    history() {
      return this.screen.room.changes.filter(isNews).slice(0, this.count).map((change) => ({
        key: change.key,
        colour: change.author.colour,
        text: this.screen.describe(change),
        effect: change.change_cents ? this.screen.difference(change.change_cents) : "",
        time: this.screen.time(change.at),
      }));
    },
  },
};
