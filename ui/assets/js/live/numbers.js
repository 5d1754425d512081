// The figures of this moment and of today; the numbers change in place.
import { defineComponent } from "vue";
import { forCount } from "../shared/format.js";
import { use } from "./context.js";

/**
 * @import { PropType } from "vue"
 * @import { Minutes, Process } from "./types.js"
 *
 * @typedef {{ minute: number, n: number, height: number, title: string }} Bar
 * @typedef {{ name: string, label: string, value: string }} Figure
 * @typedef {{ id: string, kind: string, name: string, n: number, share: number, percent: string }} Step
 * @typedef {{ name: string, label: (n: number) => string, unit?: string, much?: number }} Fact
 */

const MINUTES = 30;
const HEIGHT = 40;

// Thirty bars; the last minute is not over yet.
export const Sparkline = defineComponent({
  setup: () => use("texts"),
  props: {
    minutes: /** @type {PropType<Minutes>} */ (Object),
    at: { type: Number, required: true },
  },
  template: /* HTML */ `
    <svg
      class="sparkline"
      :viewBox="'0 0 ' + bars.length * 6 + ' ${HEIGHT}'"
      preserveAspectRatio="none"
      role="img"
      :aria-label="label"
    >
      <rect
        v-for="(b, i) in bars"
        :key="b.minute"
        :x="i * 6"
        :width="4"
        :y="${HEIGHT} - b.height"
        :height="b.height"
        :class="{ going: i === bars.length - 1 }"
      >
        <title>{{ b.title }}</title>
      </rect>
    </svg>
  `,
  computed: {
    /** @returns {Bar[]} */
    bars() {
      const counts = new Map(this.minutes?.counts ?? []);
      const now = Math.floor(this.at / 60_000);
      const most = Math.max(1, ...counts.values());
      return Array.from({ length: MINUTES }, (_, i) => {
        const minute = now - MINUTES + 1 + i;
        const n = counts.get(minute) ?? 0;
        return {
          minute,
          n,
          height: n ? Math.max(3, (n / most) * HEIGHT) : 1,
          title: `${this.texts.minute(minute)}: ${this.texts.number(n)}`,
        };
      });
    },
    /** @returns {string} */
    label() {
      return this.texts.t("admin.sparkline", { count: this.texts.number(this.bars.reduce((sum, b) => sum + b.n, 0)) });
    },
  },
});

export const Numbers = defineComponent({
  components: { Sparkline },
  setup: () => use("texts", "live"),
  template: /* HTML */ `
    <dl class="numbers">
      <div v-for="n in numbers" :key="n.name" :class="n.name">
        <dd :data-testid="'number-' + n.name">{{ n.value }}</dd>
        <dt>{{ n.label }}</dt>
      </div>
      <div class="pace">
        <dd><Sparkline :minutes="live.minutes" :at="live.at" /></dd>
        <dt>{{ pace }}</dt>
      </div>
    </dl>
  `,
  computed: {
    /** @returns {Figure[]} */
    numbers() {
      const { online, value_on_screens_cents, counters, sessions, room_count } = this.live;
      const rooms = room_count ?? this.live.rooms.length;
      const { t, number, euro } = this.texts;
      return [
        { name: "online", label: t("admin.online"), value: number(online) },
        { name: "rooms", label: t(forCount("admin.rooms", rooms)), value: number(rooms) },
        { name: "value", label: t("admin.value"), value: euro(value_on_screens_cents) },
        {
          name: "sessions",
          label: t(forCount("admin.sessions", sessions.active ?? 0)),
          value: number(sessions.active),
        },
        {
          name: "inquiries",
          label: t(forCount("admin.inquiries", counters.inquiries ?? 0)),
          value: number(counters.inquiries),
        },
        { name: "today", label: t(forCount("admin.today", counters.today ?? 0)), value: number(counters.today) },
        { name: "minute", label: t("admin.perMinute"), value: number(counters.per_minute) },
      ];
    },
    /** @returns {string} */
    pace() {
      const { peak, peak_at } = this.live.minutes ?? {};
      if (!peak) return this.texts.t("admin.pace");
      return this.texts.t("admin.peak", { count: this.texts.number(peak), time: this.texts.minute(peak_at ?? 0) });
    },
  },
});

export const Funnel = defineComponent({
  setup: () => use("texts", "words", "live"),
  template: /* HTML */ `
    <section class="funnel" aria-labelledby="funnel-title">
      <h2 id="funnel-title">{{ texts.t("admin.funnel") }}</h2>
      <ol class="plain">
        <li v-for="s in steps" :key="s.id" :class="s.kind">
          <span class="name">{{ s.name }}</span
          ><span class="track"><span class="bar" :style="{ width: s.share + '%' }"></span></span
          ><span class="num">{{ texts.number(s.n) }}</span><span class="num quiet">{{ s.percent }}</span>
        </li>
      </ol>
    </section>
  `,
  computed: {
    /** @returns {Step[]} */
    steps() {
      const { sessions = 0, chose = {}, inquired = 0 } = this.live.funnel ?? {};
      const { t } = this.texts;
      const steps = [
        { id: "looked", kind: "whole", name: t("admin.funnel.sessions"), n: sessions },
        ...this.words.categories.map((c) => ({
          id: c.id,
          kind: "chose",
          name: this.words.categoryName(c.id),
          n: chose[c.id] ?? 0,
        })),
        { id: "inquired", kind: "end", name: t("admin.funnel.inquired"), n: inquired },
      ];
      return steps.map((s) => {
        const share = sessions ? Math.min(100, (100 * s.n) / sessions) : 0;
        return { ...s, share, percent: sessions ? `${Math.round(share)} %` : "" };
      });
    },
  },
});

export const Processes = defineComponent({
  setup: () => use("texts", "live"),
  template: /* HTML */ `
    <section class="processes" aria-labelledby="processes-title">
      <h2 id="processes-title">{{ texts.t("admin.processes") }}</h2>
      <ul class="plain">
        <li v-for="p in live.processes" :key="p.name">
          <strong>{{ p.name }}</strong
          ><span v-if="p.bus_healthy === false" class="bad">{{ texts.t("admin.process.deaf") }}</span>
          <dl>
            <div v-for="f in facts" :key="f.name">
              <dd :class="{ warn: isMuch(p, f) }">{{ texts.number(p[f.name]) }}{{ f.unit }}</dd>
              <dt>{{ f.label(Number(p[f.name])) }}</dt>
            </div>
          </dl>
        </li>
      </ul>
    </section>
  `,
  computed: {
    /** @returns {Fact[]} */
    facts() {
      const { t } = this.texts;
      return [
        { name: "rooms", label: (n) => t(forCount("admin.process.rooms", n)) },
        { name: "connections", label: (n) => t(forCount("admin.process.connections", n)) },
        { name: "ops_per_second", label: () => t("admin.process.ops") },
        { name: "dropped", label: () => t("admin.process.dropped"), much: 0 },
        { name: "page_dropped", label: () => t("admin.process.pageDropped") },
        { name: "late_ms", label: () => t("admin.process.late"), unit: " ms", much: 250 },
      ];
    },
  },
  methods: {
    /** @param {Process} process @param {Fact} fact */
    isMuch: (process, fact) => fact.much !== undefined && Number(process[fact.name]) > fact.much,
  },
});
