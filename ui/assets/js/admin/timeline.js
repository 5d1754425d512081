// One session from its beginning, growing while it goes on.
import { forCount } from "../format.js";
import { last } from "../older.js";

const urlOf = (id) => `/api/admin/sessions/${encodeURIComponent(id)}/timeline`;
const SHOWN_MAX = 500;

export const Timeline = {
  inject: ["desk"],
  props: { session: String, stored: String },
  emits: ["close"],
  data: () => ({ entries: [], count: 0, state: "loading" }),
  template: `
    <aside class="drawer" role="dialog" aria-labelledby="timeline-title" @keydown.esc.stop="$emit('close')">
      <header><div><h2 id="timeline-title" tabindex="-1" ref="title">{{ desk.t("admin.session") }}</h2><p class="quiet id">{{ session }}</p></div>
        <button type="button" class="button" @click="$emit('close')">{{ desk.t("close") }}</button></header>
      <p v-if="state === 'loading'" class="quiet" role="status">{{ desk.t("admin.session.loading") }}</p>
      <p v-else-if="state === 'away'" class="problem" role="alert">{{ desk.t("admin.session.away") }}</p>
      <template v-else>
        <p class="facts"><span>{{ desk.t(forCount("admin.session.count", count), { count: desk.number(count) }) }}</span><span v-if="entries.length">{{ desk.t("admin.session.since", { time: desk.when(entries[0].at) }) }}</span>
          <a v-if="desk.codeOk(code)" :href="desk.houseUrl(code)" target="_blank" rel="noopener">{{ desk.t("admin.open") }}</a></p>
        <ol class="plain steps" ref="steps" tabindex="0" :aria-label="desk.t('admin.session')"><li v-for="e in entries" :key="e.id"><time>{{ desk.when(e.at) }}</time><span><span class="type">{{ desk.typeName(e.type) }}</span> {{ desk.categoryName(e.category) }}<span v-if="e.value || e.element" class="value">{{ desk.valueName(e.category, e.value || e.element) }}</span><span v-if="e.spent" class="value">{{ desk.seconds(e.spent) }}</span></span></li></ol>
      </template>
    </aside>`,
  computed: {
    code() {
      return last(this.entries.filter((e) => e.code))?.code ?? "";
    },
  },
  watch: {
    session: { immediate: true, handler: "load" },
  },
  mounted() {
    this.$refs.title.focus({ preventScroll: true });
  },
  methods: {
    forCount,
    async load() {
      const session = this.session;
      this.desk.ask({ type: "timeline", session });
      this.state = "loading";
      this.entries = [];
      let found = null;
      try {
        const answer = await fetch(urlOf(this.stored), { credentials: "same-origin" });
        if (answer.ok) found = (await answer.json()).data;
      } catch {
        // told below
      }
      if (session !== this.session) return;
      if (!found && !this.entries.length) return void (this.state = "away");
      const known = new Set();
      const stored = (found?.interactions ?? []).map(this.desk.normal);
      this.entries = [...stored, ...this.entries].filter((e) => !known.has(e.id) && known.add(e.id));
      this.count = Math.max(found?.interactionCount ?? 0, this.entries.length);
      this.state = "ready";
      this.toEnd(true);
    },
    // New entries of any session; those of this one are added.
    grow(entries) {
      const known = new Set(this.entries.map((e) => e.id));
      const fresh = entries.filter((e) => e.session === this.session && !known.has(e.id));
      if (!fresh.length) return;
      const list = this.$refs.steps;
      const atEnd = !list || list.scrollHeight - list.scrollTop - list.clientHeight < 40;
      this.entries = [...this.entries, ...fresh].slice(-SHOWN_MAX);
      this.count += fresh.length;
      this.toEnd(atEnd);
    },
    async toEnd(wanted) {
      await this.$nextTick();
      if (wanted && this.$refs.steps) this.$refs.steps.scrollTop = this.$refs.steps.scrollHeight;
    },
  },
  beforeUnmount() {
    this.desk.ask({ type: "timeline", session: "" });
  },
};
