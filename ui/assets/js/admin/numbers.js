// What is now and what was today, in numbers that move in place.
import { forCount } from "../format.js";

const MINUTES = 30;
const HEIGHT = 40;

// Thirty bars; the last minute is still going on.
export const Sparkline = {
  inject: ["desk"],
  props: { minutes: Object, at: Number },
  template: `
    <svg class="sparkline" :viewBox="'0 0 ' + bars.length * 6 + ' ${HEIGHT}'" preserveAspectRatio="none" role="img" :aria-label="label">
      <rect v-for="(b, i) in bars" :key="b.minute" :x="i * 6" :width="4" :y="${HEIGHT} - b.height" :height="b.height" :class="{ going: i === bars.length - 1 }"><title>{{ b.title }}</title></rect>
    </svg>`,
  computed: {
    bars() {
      const counts = new Map(Array.isArray(this.minutes?.counts) ? this.minutes.counts : []);
      const now = Math.floor(this.at / 60_000);
      const most = Math.max(1, ...counts.values());
      return Array.from({ length: MINUTES }, (_, i) => {
        const minute = now - MINUTES + 1 + i;
        const n = counts.get(minute) ?? 0;
        return { minute, n, height: n ? Math.max(3, (n / most) * HEIGHT) : 1, title: `${this.desk.minute(minute)}: ${this.desk.number(n)}` };
      });
    },
    label() {
      return this.desk.t("admin.sparkline", { count: this.desk.number(this.bars.reduce((sum, b) => sum + b.n, 0)) });
    },
  },
};

export const Numbers = {
  components: { Sparkline },
  inject: ["desk"],
  template: `
    <dl class="numbers">
      <div v-for="n in numbers" :key="n.name" :class="n.name"><dd :data-testid="'number-' + n.name">{{ n.value }}</dd><dt>{{ n.label }}</dt></div>
      <div class="pace"><dd><Sparkline :minutes="desk.live.minutes" :at="desk.live.at" /></dd><dt>{{ pace }}</dt></div>
    </dl>`,
  computed: {
    numbers() {
      const { online, value_on_screens_cents, counters, sessions, room_count } = this.desk.live;
      const rooms = room_count ?? this.desk.rooms.length;
      const { t, number, euro } = this.desk;
      return [
        { name: "online", label: t("admin.online"), value: number(online) },
        { name: "rooms", label: t(forCount("admin.rooms", rooms)), value: number(rooms) },
        { name: "value", label: t("admin.value"), value: euro(value_on_screens_cents) },
        { name: "sessions", label: t(forCount("admin.sessions", sessions?.active)), value: number(sessions?.active) },
        { name: "inquiries", label: t(forCount("admin.inquiries", counters?.inquiries)), value: number(counters?.inquiries) },
        { name: "today", label: t(forCount("admin.today", counters?.today)), value: number(counters?.today) },
        { name: "minute", label: t("admin.perMinute"), value: number(counters?.per_minute) },
      ];
    },
    pace() {
      const { peak, peak_at } = this.desk.live.minutes ?? {};
      if (!peak) return this.desk.t("admin.pace");
      return this.desk.t("admin.peak", { count: this.desk.number(peak), time: this.desk.minute(peak_at) });
    },
  },
};

export const Funnel = {
  inject: ["desk"],
  template: `
    <section class="funnel" aria-labelledby="funnel-title">
      <h2 id="funnel-title">{{ desk.t("admin.funnel") }}</h2>
      <ol class="plain"><li v-for="s in steps" :key="s.id" :class="s.kind"><span class="name">{{ s.name }}</span><span class="track"><span class="bar" :style="{ width: s.share + '%' }"></span></span><span class="num">{{ desk.number(s.n) }}</span><span class="num quiet">{{ s.percent }}</span></li></ol>
    </section>`,
  computed: {
    steps() {
      const { sessions = 0, chose = {}, inquired = 0 } = this.desk.live.funnel ?? {};
      const { t } = this.desk;
      const steps = [
        { id: "looked", kind: "whole", name: t("admin.funnel.sessions"), n: sessions },
        ...this.desk.categories.map((c) => ({ id: c.id, kind: "chose", name: this.desk.categoryName(c.id), n: chose[c.id] ?? 0 })),
        { id: "inquired", kind: "end", name: t("admin.funnel.inquired"), n: inquired },
      ];
      return steps.map((s) => {
        const share = sessions ? Math.min(100, (100 * s.n) / sessions) : 0;
        return { ...s, share, percent: sessions ? `${Math.round(share)} %` : "" };
      });
    },
  },
};

export const Processes = {
  inject: ["desk"],
  template: `
    <section class="processes" aria-labelledby="processes-title">
      <h2 id="processes-title">{{ desk.t("admin.processes") }}</h2>
      <ul class="plain"><li v-for="p in desk.processes" :key="p.name">
        <strong>{{ p.name }}</strong><span v-if="p.bus_healthy === false" class="bad">{{ desk.t("admin.process.deaf") }}</span>
        <dl><div v-for="f in facts" :key="f.name"><dd :class="{ warn: f.much !== undefined && p[f.name] > f.much }">{{ desk.number(p[f.name]) }}{{ f.unit }}</dd><dt>{{ f.label(p[f.name]) }}</dt></div></dl>
      </li></ul>
    </section>`,
  computed: {
    facts() {
      const { t } = this.desk;
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
};
