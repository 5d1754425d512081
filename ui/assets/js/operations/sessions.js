// Which admins are signed in, from where, and how to end that; also one's own.
import { ask } from "../calling.js";
import Sure from "../sure.js";

export const Sessions = {
  components: { Sure },
  inject: ["desk"],
  data: () => ({ sessions: null, busy: false, told: "", problem: "" }),
  template: `
    <section aria-labelledby="sessions-title">
      <header><h2 id="sessions-title" ref="title" tabindex="-1">{{ desk.t("operations.tab.sessions") }}</h2>
        <button type="button" class="button small" :disabled="busy" data-testid="sign-out" @click="signOut">{{ desk.t("operations.sessions.signOut") }}</button>
        <Sure v-if="others.length" plain data-testid="end-others" :label="desk.t('operations.sessions.endOthers')" :question="desk.t('operations.sessions.endOthersSure')" :go="desk.t('operations.sessions.endOthers')" :keep="desk.t('operations.sessions.keepOthers')" :busy="busy" @sure="end('end-others', {})" /></header>
      <p class="quiet">{{ desk.t("operations.sessions.about") }}</p>
      <div role="status" class="told"><p v-if="told">{{ told }}</p></div><p v-if="problem" class="problem" role="alert">{{ problem }}</p>
      <table v-if="sessions" class="stack sign-ins" data-testid="sessions"><thead><tr><th scope="col">{{ desk.t("operations.sessions.who") }}</th><th scope="col">{{ desk.t("operations.sessions.since") }}</th><th scope="col">{{ desk.t("operations.sessions.used") }}</th><th scope="col">{{ desk.t("operations.sessions.ends") }}</th><th scope="col">{{ desk.t("operations.sessions.where") }}</th><th scope="col"><span class="sr-only">{{ desk.t("operations.sessions.end") }}</span></th></tr></thead>
        <tbody><tr v-for="s in sessions" :key="s.id" data-testid="session">
          <th scope="row"><span>{{ s.name || desk.t("operations.sessions.unnamed") }}</span> <span v-if="s.current" class="ok">{{ desk.t("operations.sessions.current") }}</span> <span class="quiet id">{{ s.id }}</span></th>
          <td :data-label="desk.t('operations.sessions.since')">{{ desk.minute(s.created_at) }}</td>
          <td :data-label="desk.t('operations.sessions.used')">{{ desk.minute(s.last_used_at) }}</td>
          <td :data-label="desk.t('operations.sessions.ends')"><span>{{ desk.minute(s.ends_at) }}</span> <span v-if="s.idle_minutes" class="quiet">{{ desk.t("operations.sessions.unlessUsed") }}</span></td>
          <td :data-label="desk.t('operations.sessions.where')"><span :title="s.user_agent">{{ s.user_agent ? desk.device(s.user_agent) : s.network ? "" : desk.t("operations.sessions.program") }}</span> <span v-if="s.network" class="quiet id">{{ s.network }}</span></td>
          <td class="num wide-cell"><Sure v-if="!s.current" plain :label="desk.t('operations.sessions.end')" :named="desk.t('operations.sessions.endNamed', { id: s.id })" :question="desk.t('operations.sessions.endSure')" :keep="desk.t('operations.sessions.keep')" :busy="busy" @sure="end('end', { id: s.id })" /></td></tr></tbody></table>
      <p v-else-if="!problem" class="quiet">{{ desk.t("operations.loading") }}</p>
    </section>`,
  computed: {
    others() {
      return (this.sessions ?? []).filter((s) => !s.current);
    },
  },
  async mounted() {
    await this.refresh().catch((error) => (this.problem = this.desk.said(error)));
  },
  methods: {
    async refresh() {
      this.sessions = (await ask("GET", "sessions")).sessions;
    },
    end(which, body) {
      return this.trying(async () => {
        const { ended } = await ask("POST", `sessions/${which}`, { body });
        this.told = this.desk.t("operations.sessions.ended", { n: this.desk.number(ended) });
        await this.refresh();
        this.$refs.title?.focus({ preventScroll: true });
      });
    },
    // The page ends with the session; where its connection is away it loads again by itself.
    signOut() {
      return this.trying(async () => {
        await ask("POST", "logout");
        location.reload();
      });
    },
    async trying(work) {
      Object.assign(this, { busy: true, told: "", problem: "" });
      try {
        await work();
      } catch (error) {
        this.problem = this.desk.said(error);
      }
      this.busy = false;
    },
  },
};
