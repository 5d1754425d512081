// What opens in a sheet: reset. Invitations and the inquiry have modules of their own.
export const Reset = {
  inject: ["screen"],
  template: `
    <p>{{ screen.t("reset.explain") }}</p>
    <div class="row end">
      <button type="button" class="button quiet-button" @click="screen.close()">{{ screen.t("reset.keep") }}</button>
      <button type="button" class="button danger" @click="go">{{ screen.t("reset.confirm") }}</button>
    </div>`,
  methods: {
    go() {
      this.screen.submit({ kind: "reset" }, { guarded: true });
      this.screen.close();
    },
  },
};
