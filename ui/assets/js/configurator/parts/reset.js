// The sheet that asks before the house is reset.
import { defineComponent } from "vue";
import { use } from "../context.js";
export const Reset = defineComponent({
  setup: () => use("texts", "actions"),
  template: /* HTML */ `
    <p>{{ texts.t("reset.explain") }}</p>
    <div class="row end">
      <button type="button" class="button quiet-button" @click="actions.close()">{{ texts.t("reset.keep") }}</button>
      <button type="button" class="button danger" @click="go">{{ texts.t("reset.confirm") }}</button>
    </div>
  `,
  methods: {
    go() {
      this.actions.submit({ kind: "reset" }, { guarded: true });
      this.actions.close();
    },
  },
});
