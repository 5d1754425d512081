// Which admins are signed in, from where, and how to end that; also one's own.
import { ask } from "../calling.js";

export const Sessions = {
  inject: ["desk"],
  data: () => ({ sessions: null, busy: false, told: "", problem: "" }),
  template: `
    <section aria-labelledby="sessions-title">
      <header><h2 id="sessions-title" tabindex="-1">{{ desk.t("operations.tab.sessions") }}</h2>
        <button v-if="others.length" type="button" class="button" :disabled="busy" data-testid="end-others" @click="end('end-others', {})">{{ desk.t("operations.sessions.endOthers") }}</button>
        <button type="button" class="button" :disabled="busy" data-testid="sign-out" @click="signOut">{{ desk.t("operations.sessions.signOut") }}</button></header>
      <p class="quiet">{{ desk.t("operations.sessions.about") }}</p>
      <div role="status" class="told"><p v-if="told">{{ told }}</p></div><p v-if="problem" class="problem" role="alert">{{ problem }}</p>
      <table v-if="sessions" class="stack" data-testid="sessions"><thead><tr><th scope="col">{{ desk.t("operations.sessions.who") }}</th><th scope="col">{{ desk.t("operations.sessions.since") }}</th><th scope="col">{{ desk.t("operations.sessions.used") }}</th><th scope="col">{{ desk.t("operations.sessions.ends") }}</th><th scope="col">{{ desk.t("operations.sessions.where") }}</th><th scope="col"><span class="sr-only">{{ desk.t("operations.sessions.end") }}</span></th></tr></thead>
        <tbody><tr v-for="s in sessions" :key="s.id" data-testid="session"><th scope="row">{{ s.name || desk.t("operations.sessions.unnamed") }} <span class="quiet id">{{ s.id }}</span><span v-if="s.current" class="ok">{{ " · " + desk.t("operations.sessions.current") }}</span></th><td :data-label="desk.t('operations.sessions.since')">{{ desk.time(s.created_at) }}</td><td :data-label="desk.t('operations.sessions.used')">{{ desk.time(s.last_used_at) }}</td><td :data-label="desk.t('operations.sessions.ends')">{{ desk.time(s.ends_at) }}</td><td class="wide-cell" :data-label="desk.t('operations.sessions.where')">{{ s.network || desk.t("operations.sessions.program") }}<span v-if="s.user_agent" class="quiet id">{{ " · " + s.user_agent }}</span></td>
          <td class="num"><button v-if="!s.current" type="button" class="button small" :disabled="busy" :aria-label="desk.t('operations.sessions.endNamed', { id: s.id })" @click="end('end', { id: s.id })">{{ desk.t("operations.sessions.end") }}</button></td></tr></tbody></table>
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
