// One session from its beginning, growing while it goes on.
import { defineComponent, ref } from "vue";
import { forCount } from "../shared/format.js";
import { last } from "../shared/older_browsers.js";
import { use } from "./context.js";
import { normal } from "./feed.js";

/** @import { Entry } from "./types.js" */

/** @param {string} id */
const urlOf = (id) => `/api/admin/sessions/${encodeURIComponent(id)}/timeline`;
const SHOWN_MAX = 500;

export const Timeline = defineComponent({
  setup: () => ({
    ...use("texts", "words", "ask"),
    title: ref(/** @type {HTMLElement | null} */ (null)),
    steps: ref(/** @type {HTMLElement | null} */ (null)),
  }),
  props: { session: { type: String, required: true }, stored: { type: String, required: true } },
  emits: ["close"],
  data: () => ({
    entries: /** @type {readonly Entry[]} */ ([]),
    count: 0,
    state: /** @type {"loading" | "away" | "ready"} */ ("loading"),
  }),
  template: /* HTML */ `
    <aside class="drawer" role="dialog" aria-labelledby="timeline-title" @keydown.esc.stop="$emit('close')">
      <header>
        <div>
          <h2 id="timeline-title" tabindex="-1" ref="title">{{ texts.t("admin.session") }}</h2>
          <p class="quiet id">{{ session }}</p>
        </div>
        <button type="button" class="button" @click="$emit('close')">{{ texts.t("close") }}</button>
      </header>
      <p v-if="state === 'loading'" class="quiet" role="status">{{ texts.t("admin.session.loading") }}</p>
      <p v-else-if="state === 'away'" class="problem" role="alert">{{ texts.t("admin.session.away") }}</p>
      <template v-else>
        <p class="facts">
          <span>{{ texts.t(forCount("admin.session.count", count), { count: texts.number(count) }) }}</span
          ><span v-if="entries.length">{{ texts.t("admin.session.since", { time: texts.when(entries[0].at) }) }}</span>
          <a v-if="words.codeOk(code)" :href="words.houseUrl(code)" target="_blank" rel="noopener"
            >{{ texts.t("admin.open") }}</a
          >
        </p>
        <ol class="plain steps" ref="steps" tabindex="0" :aria-label="texts.t('admin.session')">
          <li v-for="e in entries" :key="e.id">
            <time>{{ texts.when(e.at) }}</time
            ><span
              ><span class="type">{{ words.typeName(e.type) }}</span> {{ words.categoryName(e.category) }}<span
                v-if="e.value || e.element"
                class="value"
                >{{ words.valueName(e.category, e.value || e.element) }}</span
              ><span v-if="e.spent" class="value">{{ texts.seconds(e.spent) }}</span></span
            >
          </li>
        </ol>
      </template>
    </aside>
  `,
  computed: {
    /** @returns {string} */
    code() {
      return last(this.entries.filter((e) => e.code))?.code ?? "";
    },
  },
  watch: {
    session: { immediate: true, handler: "load" },
  },
  mounted() {
    this.title?.focus({ preventScroll: true });
  },
  methods: {
    forCount,
    async load() {
      const session = this.session;
      this.ask({ type: "timeline", session });
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
      /** @type {Set<string>} */
      const known = new Set();
      /** @type {Entry[]} */
      const stored = (found?.interactions ?? []).map(normal);
      this.entries = [...stored, ...this.entries].filter((e) => !known.has(e.id) && known.add(e.id));
      this.count = Math.max(found?.interactionCount ?? 0, this.entries.length);
      this.state = "ready";
      this.toEnd(true);
    },
    // New entries of any session; those of this one are added.
    /** @param {readonly Entry[]} entries */
    grow(entries) {
      const known = new Set(this.entries.map((e) => e.id));
      const fresh = entries.filter((e) => e.session === this.session && !known.has(e.id));
      if (!fresh.length) return;
      const list = this.steps;
      const atEnd = !list || list.scrollHeight - list.scrollTop - list.clientHeight < 40;
      this.entries = [...this.entries, ...fresh].slice(-SHOWN_MAX);
      this.count += fresh.length;
      this.toEnd(atEnd);
    },
    /** @param {boolean} wanted */
    async toEnd(wanted) {
      await this.$nextTick();
      if (wanted && this.steps) this.steps.scrollTop = this.steps.scrollHeight;
    },
  },
  beforeUnmount() {
    this.ask({ type: "timeline", session: "" });
  },
});
