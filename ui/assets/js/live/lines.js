// The time line: interactions and events of the system, in columns that each reader chooses.
import { defineComponent, ref } from "vue";
import { did, jobName } from "../staff/words/service_words.js";
import { parsed, place, read, write } from "../shared/storage.js";
import { use } from "./context.js";

/**
 * @import { Translate } from "../shared/types.js"
 * @import { Entry, Filter, Wish } from "./types.js"
 *
 * @typedef {"type" | "category" | "session"} Place
 * @typedef {"time" | "type" | "what" | "price" | "version" | "house" | "session" | "device"} Column
 */

const SYSTEM = new Set([
  "process_up",
  "process_gone",
  "store_away",
  "store_back",
  "alert",
  "alert_over",
  "job_done",
  "job_failed",
  "worker_stopped",
  "worker_ended",
]);
const STORES = ["postgresql", "redis"];
// The subject of an event of the system, in words.
/** @type {Record<string, (t: Translate, name: string) => string>} */
const SUBJECTS = {
  alert: (t, kind) => t("admin.alert." + kind),
  job: jobName,
  store: (t, name) => (STORES.includes(name) ? t("admin.store." + name) : name),
};
/** @type {readonly Column[]} */
const COLUMNS = ["time", "type", "what", "price", "version", "house", "session", "device"];
/** @type {readonly Column[]} */
const FIRST = ["time", "type", "what", "price", "house", "session"];
/** @type {ReadonlySet<Column>} */
const ALWAYS = new Set(["time", "what"]);
/** @type {Record<Column, string>} */
const WIDTHS = {
  time: "76px",
  type: "112px",
  what: "minmax(120px, 1fr)",
  price: "104px",
  version: "52px",
  house: "88px",
  session: "72px",
  device: "72px",
};
const TIME_WITH_DATE = "124px";
const KEY = "nest-admin-columns";
const SEARCH_AFTER_MS = 400;
const FEW = 30;
const CHOICES_MAX = 200;

/** @returns {Filter} */
const empty = () => ({ text: "", type: "", category: "", session: "" });

// An event of the system has no place in a visit; its type finds it.
/** @param {Entry} entry @returns {Place[]} */
const placesOf = (entry) => (entry.type === "system" ? ["type"] : ["type", "category", "session"]);

export const Lines = defineComponent({
  setup: () => ({
    ...use("texts", "words", "feed"),
    menu: ref(/** @type {HTMLDetailsElement | null} */ (null)),
    lines: ref(/** @type {HTMLElement | null} */ (null)),
  }),
  emits: ["session"],
  data: () => ({
    filter: empty(),
    columns: kept(),
    searching: /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined),
  }),
  template: /* HTML */ `
    <section class="feed" aria-labelledby="feed-title">
      <div class="feed-head">
        <h2 id="feed-title">{{ texts.t("admin.feed") }}</h2>
        <details class="columns" ref="menu" @toggle="watchColumns">
          <summary class="button">{{ texts.t("admin.columns") }}</summary>
          <fieldset>
            <legend class="sr-only">{{ texts.t("admin.columns") }}</legend>
            <label v-for="c in choosable" :key="c" class="check"
              ><input type="checkbox" :checked="columns.includes(c)" @change="toggleColumn(c)" /><span
                >{{ texts.t("admin.column." + c) }}</span
              ></label
            >
          </fieldset>
        </details>
        <button
          type="button"
          class="button"
          :aria-pressed="String(feed.state.paused)"
          @click="feed.pause(!feed.state.paused)"
          data-testid="pause"
        >
          {{ feed.state.paused ? texts.t("admin.resume", { count: texts.number(feed.held()) }) : texts.t("admin.pause")
          }}
        </button>
      </div>
      <form class="filters" role="search" @submit.prevent="older">
        <label
          ><span>{{ texts.t("admin.filterText") }}</span
          ><input v-model="filter.text" type="search" maxlength="100" data-testid="filter-text"
        /></label>
        <label
          ><span>{{ texts.t("admin.filterType") }}</span
          ><select v-model="filter.type">
            <option value="">{{ texts.t("admin.all") }}</option>
            <option v-for="v in choices.type" :key="v" :value="v">{{ words.typeName(v) }}</option>
          </select></label
        >
        <label
          ><span>{{ texts.t("admin.filterCategory") }}</span
          ><select v-model="filter.category">
            <option value="">{{ texts.t("admin.all") }}</option>
            <option v-for="v in choices.category" :key="v" :value="v">{{ words.categoryName(v) }}</option>
          </select></label
        >
        <label
          ><span>{{ texts.t("admin.filterSession") }}</span
          ><select v-model="filter.session">
            <option value="">{{ texts.t("admin.all") }}</option>
            <option v-for="v in choices.session" :key="v" :value="v">{{ v }}</option>
          </select></label
        >
        <button v-if="filtering" type="button" class="text-button" @click="clearFilter">
          {{ texts.t("admin.clear") }}
        </button>
      </form>
      <p v-if="feed.state.gap" class="quiet">{{ texts.t("admin.gap") }}</p>
      <p v-if="feed.state.skipped" class="quiet" data-testid="skipped">
        {{ texts.t("admin.skipped", { count: texts.number(feed.state.skipped) }) }}
      </p>
      <div class="lines-frame">
        <div
          class="lines"
          ref="lines"
          tabindex="0"
          role="log"
          aria-live="off"
          :aria-label="texts.t('admin.feed')"
          :style="{ '--columns': template }"
          @scroll="onScroll"
        >
          <p class="line-head quiet" aria-hidden="true">
            <span v-for="c in columns" :key="c" :class="c">{{ texts.t("admin.column." + c) }}</span>
          </p>
          <p v-if="!shown.length" class="quiet empty">{{ texts.t(filtering ? "admin.noMatch" : "admin.empty") }}</p>
          <article
            v-for="e in shown"
            :key="e.id"
            class="line"
            :class="{ open: feed.state.opened === e.id, system: e.type === 'system', fresh: e.id === newest }"
            :data-event="e.id"
          >
            <p v-if="e.type === 'system'" class="line-system">
              <time>{{ texts.when(e.at) }}</time><span>{{ systemText(e) }}</span>
            </p>
            <template v-else>
              <button
                type="button"
                class="line-button"
                :aria-expanded="String(feed.state.opened === e.id)"
                @click="toggle(e)"
              >
                <template v-for="c in columns" :key="c">
                  <time v-if="c === 'time'">{{ texts.when(e.at) }}</time>
                  <span v-else-if="c === 'type'" class="type">{{ words.typeName(e.type) }}</span>
                  <span v-else-if="c === 'what'" class="what"
                    ><span>{{ words.categoryName(e.category) }}</span
                    ><span v-if="e.previous" class="quiet previous"
                      >{{ words.valueName(e.category, e.previous) }} →</span
                    ><span v-if="e.value || e.element" class="value"
                      >{{ words.valueName(e.category, e.value || e.element) }}</span
                    ><span v-if="e.spent" class="value">{{ texts.seconds(e.spent) }}</span
                    ><span v-if="e.bot" class="bot">{{ texts.t("admin.bot") }}</span></span
                  >
                  <span v-else-if="c === 'price'" class="price"
                    ><span v-if="e.change" :class="e.change > 0 ? 'more' : 'less'"
                      >{{ texts.difference(e.change) }}</span
                    ></span
                  >
                  <span v-else-if="c === 'house'" class="quiet code">{{ words.codeOk(e.code) ? e.code : "" }}</span>
                  <span v-else-if="c === 'session'" class="quiet session" :title="e.session"
                    >{{ e.session.slice(-4) }}</span
                  >
                  <span v-else class="quiet" :class="c">{{ e[c] }}</span>
                </template>
              </button>
              <div v-if="feed.state.opened === e.id" class="raw">
                <p class="row">
                  <button
                    v-if="e.session"
                    type="button"
                    class="button"
                    data-testid="session"
                    @click="$emit('session', e)"
                  >
                    {{ texts.t("admin.session.open") }}</button
                  ><a
                    v-if="words.codeOk(e.code)"
                    class="button"
                    :href="words.houseUrl(e.code)"
                    target="_blank"
                    rel="noopener"
                    >{{ texts.t("admin.open") }}</a
                  ><button
                    v-if="e.session && filter.session !== e.session"
                    type="button"
                    class="button"
                    @click="filter.session = e.session"
                  >
                    {{ texts.t("admin.onlySession") }}
                  </button>
                </p>
                <h3>{{ texts.t("admin.raw") }}</h3>
                <pre tabindex="0">{{ rawText(e) }}</pre>
              </div>
            </template>
          </article>
          <p v-if="shown.length || filtering" class="older">
            <button
              v-if="feed.state.history !== 'done'"
              type="button"
              class="text-button"
              :disabled="feed.state.history === 'busy'"
              @click="older"
              data-testid="older"
            >
              {{ texts.t(feed.state.history === "busy" ? "admin.searching" : feed.state.history === "away" ?
              "admin.historyAway" : "admin.older") }}</button
            ><span v-else class="quiet">{{ texts.t("admin.noOlder") }}</span>
          </p>
        </div>
        <button
          v-if="!feed.state.paused && feed.state.held && feed.held()"
          type="button"
          class="button floating"
          @click="toTop"
        >
          {{ texts.t("admin.new", { count: texts.number(feed.held()) }) }}
        </button>
      </div>
      <p class="quiet kept">
        {{ texts.t("admin.kept", { count: texts.number(feed.state.entries.length), limit: texts.number(feed.KEPT) }) }}
      </p>
    </section>
  `,
  computed: {
    choosable: () => COLUMNS.filter((c) => !ALWAYS.has(c)),
    /** @returns {string} */
    template() {
      const widths = this.shown.every((e) => this.texts.isToday(e.at)) ? WIDTHS : { ...WIDTHS, time: TIME_WITH_DATE };
      return this.columns.map((c) => widths[c]).join(" ");
    },
    /** @returns {Record<Place, string[]>} */
    choices() {
      /** @type {Record<Place, Set<string>>} */
      const out = {
        type: new Set(),
        category: new Set(this.words.categories.map((c) => c.id)),
        session: new Set(this.filter.session ? [this.filter.session] : []),
      };
      for (const entry of this.feed.state.entries) {
        for (const at of placesOf(entry)) if (entry[at] && out[at].size < CHOICES_MAX) out[at].add(entry[at]);
      }
      return { type: [...out.type].sort(), category: [...out.category], session: [...out.session].sort() };
    },
    // People search for the words that they read, but events have ids.
    /** @returns {Wish} */
    wish() {
      return { ...this.filter, also: this.words.optionsNamed(this.filter.text) };
    },
    /** @returns {boolean} */
    filtering() {
      return Object.values(this.filter).some(Boolean);
    },
    /** @returns {Entry[]} */
    shown() {
      return this.feed.filtered(this.wish);
    },
    /** @returns {string | undefined} */
    newest() {
      return this.feed.state.entries[0]?.id;
    },
  },
  watch: {
    // The entries that match may be older than this window.
    filter: {
      deep: true,
      handler() {
        this.feed.searched();
        clearTimeout(this.searching);
        this.searching = setTimeout(() => this.filtering && this.shown.length < FEW && this.older(), SEARCH_AFTER_MS);
      },
    },
  },
  methods: {
    older() {
      this.feed.older(this.wish);
    },
    /** @param {Entry} entry */
    systemText(entry) {
      const { t, number } = this.texts;
      const kind = entry.category;
      if (!SYSTEM.has(kind)) return kind;
      const subject = SUBJECTS[kind.split("_")[0]]?.(t, entry.subject) ?? entry.subject;
      const { unreadable = "", of_last = "", ...rest } = /** @type {Record<string, any>} */ (entry.raw.detail ?? {});
      return t("admin.system." + kind, { unreadable, of_last, what: did(t, number, rest), subject });
    },
    /** @param {Entry} entry */
    rawText(entry) {
      return JSON.stringify(entry.raw, null, 2);
    },
    clearFilter() {
      Object.assign(this.filter, empty());
    },
    /** @param {Column} column */
    toggleColumn(column) {
      const wanted = new Set(this.columns);
      if (!wanted.delete(column)) wanted.add(column);
      this.columns = COLUMNS.filter((c) => wanted.has(c));
      write(place("localStorage"), KEY, JSON.stringify(this.columns));
    },
    // While open, it closes on Escape and on a press anywhere else.
    watchColumns() {
      const listen = this.menu?.open ? "addEventListener" : "removeEventListener";
      document[listen]("keydown", this.leaveColumns);
      document[listen]("pointerdown", this.leaveColumns);
    },
    /** @param {Event} event */
    leaveColumns(event) {
      const { menu } = this;
      if (!menu) return;
      const pressed = event instanceof KeyboardEvent;
      if (pressed ? event.key !== "Escape" : menu.contains(/** @type {Node} */ (event.target))) return;
      menu.open = false;
      if (pressed) menu.querySelector("summary")?.focus();
    },
    /** @param {Entry} entry */
    toggle(entry) {
      this.feed.state.opened = this.feed.state.opened === entry.id ? null : entry.id;
      this.hold();
    },
    onScroll() {
      this.hold();
    },
    hold() {
      this.feed.hold((this.lines?.scrollTop ?? 0) > 4 || this.feed.state.opened !== null);
    },
    toTop() {
      this.feed.state.opened = null;
      if (this.lines) this.lines.scrollTop = 0;
      this.hold();
    },
  },
  beforeUnmount() {
    clearTimeout(this.searching);
    document.removeEventListener("keydown", this.leaveColumns);
    document.removeEventListener("pointerdown", this.leaveColumns);
  },
});

/** @returns {Column[]} */
function kept() {
  const wanted = parsed(read(place("localStorage"), KEY));
  return Array.isArray(wanted) ? COLUMNS.filter((c) => ALWAYS.has(c) || wanted.includes(c)) : [...FIRST];
}
