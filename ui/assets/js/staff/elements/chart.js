// Charts in the colours of our tokens; ECharts is the copy that NiceGUI serves.
import { defineComponent } from "vue";
import { echarts } from "nicegui-echart";
import { count } from "../../shared/format.js";
import { onPaper } from "./paper.js";

/**
 * @import { Chart } from "nicegui-echart"
 * @import { Language } from "../../shared/types.js"
 * @typedef {{ name: string, values: (number | null)[], right?: boolean, faint?: boolean }} Series
 * @typedef {{ kind: "lines" | "bars" | "lying", labels: string[], series: Series[] }} Drawing see ui/figures/chart.py
 * @typedef {(value: unknown) => string} Say writes a number as the reader does
 */
const PAPER_PX = 600; // A4 between wide margins
const text = { type: String, required: /** @type {const} */ (true) };

/** @param {string} name */
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** @param {Say} say */
function frame(say) {
  const quiet = token("--quiet");
  const line = token("--line");
  const words = { color: quiet, fontSize: 13, hideOverlap: true };
  return {
    animation: false,
    textStyle: { fontFamily: token("--font"), color: quiet },
    grid: { left: 4, right: 4, top: 36, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    legend: {
      type: "scroll",
      left: 0,
      top: 0,
      itemWidth: 12,
      itemHeight: 8,
      textStyle: { color: quiet, fontSize: 14 },
      pageIconColor: quiet,
      pageTextStyle: { color: quiet },
    },
    tooltip: {
      trigger: "axis",
      backgroundColor: token("--surface"),
      borderColor: line,
      textStyle: { color: token("--ink") },
      valueFormatter: say,
      axisPointer: { lineStyle: { color: line } },
    },
    axis: {
      category: {
        type: "category",
        axisLine: { lineStyle: { color: line } },
        axisTick: { show: false },
        axisLabel: words,
      },
      value: {
        type: "value",
        minInterval: 1,
        splitLine: { lineStyle: { color: line } },
        axisLabel: { ...words, formatter: say },
      },
    },
  };
}

/** @param {Drawing} drawing @param {Say} say */
function linesOption({ labels, series }, say) {
  const { axis, ...base } = frame(say);
  const alone = labels.length === 1; // one point makes no line
  const colours = [token("--accent"), token("--good"), token("--person-0")];
  const right = { ...axis.value, splitLine: { show: false } };
  return {
    ...base,
    xAxis: { ...axis.category, data: labels },
    yAxis: series.some((each) => each.right) ? [axis.value, right] : axis.value,
    series: series.map((each, n) => ({
      name: each.name,
      type: "line",
      yAxisIndex: each.right ? 1 : 0,
      data: each.values,
      symbol: alone ? "circle" : "none",
      symbolSize: 8,
      lineStyle: {
        width: each.right || each.faint ? 1.5 : 2,
        type: each.right ? "dashed" : each.faint ? "dotted" : "solid",
      },
      itemStyle: { color: each.faint ? token("--quiet") : colours[n] },
    })),
  };
}

// Upright bars for what has an order of its own (prices), lying ones for names (steps).
/** @param {Drawing} drawing @param {Say} say */
function barsOption({ kind, labels, series }, say) {
  const { axis, ...base } = frame(say);
  const colours = ["--accent", "--person-0", "--good", "--person-3", "--person-6", "--edge"].map(token);
  const lying = kind === "lying";
  const several = series.length > 1;
  const names = { ...axis.category, data: labels, inverse: lying };
  return {
    ...base,
    legend: several ? base.legend : { show: false },
    grid: { ...base.grid, top: several ? 36 : 8, right: lying ? 40 : base.grid.right },
    xAxis: lying ? axis.value : names,
    yAxis: lying ? names : axis.value,
    series: series.map((each, n) => ({
      name: each.name,
      type: "bar",
      data: each.values,
      barMaxWidth: 40,
      itemStyle: { color: colours[n % colours.length] },
      label: {
        show: !several,
        position: lying ? "right" : "top",
        color: token("--quiet"),
        formatter: (/** @type {{ value: unknown }} */ { value }) => say(value),
      },
    })),
  };
}

// A chart that fits its box and follows light and dark. In the slot is the table of what it shows.
export default defineComponent({
  props: { drawing: text, label: text, language: text, open: text },
  template: /* HTML */ `
    <div>
      <div class="chart" ref="box" role="img" :aria-label="label"></div>
      <details class="as-table" ref="table">
        <summary>{{ open }}</summary>
        <slot></slot>
      </details>
    </div>
  `,
  data: () => ({ leave: /** @type {() => void} */ (() => undefined), opened: false }),
  mounted() {
    const box = /** @type {HTMLElement} */ (this.$refs.box);
    const chart = echarts.init(box, null, { renderer: "svg" });
    const sizes = new ResizeObserver(() => chart.resize());
    sizes.observe(box);
    const scheme = window.matchMedia("(prefers-color-scheme: dark)");
    const draw = () => this.draw(chart);
    scheme.addEventListener("change", draw);
    const leavePaper = onPaper((paper) => this.print(chart, paper));
    const leaveDrawing = this.$watch(() => this.drawing, draw);
    this.leave = () => {
      leavePaper();
      leaveDrawing();
      scheme.removeEventListener("change", draw);
      sizes.disconnect();
      chart.dispose();
    };
    draw();
  },
  beforeUnmount() {
    this.leave();
  },
  methods: {
    /** @param {Chart} chart */
    draw(chart) {
      if (!this.drawing) return;
      /** @type {Drawing} */
      const drawing = JSON.parse(this.drawing);
      /** @type {Say} */
      const say = (value) => (typeof value === "number" ? count(value, /** @type {Language} */ (this.language)) : "–");
      chart.setOption(drawing.kind === "lines" ? linesOption(drawing, say) : barsOption(drawing, say), true);
    },
    // On paper nobody can point at a chart or open its table, so the table is printed below the chart.
    /** @param {Chart} chart @param {boolean} paper */
    print(chart, paper) {
      const table = /** @type {HTMLDetailsElement} */ (this.$refs.table);
      if (paper) this.opened = table.open;
      table.open = paper || this.opened;
      chart.resize({ width: paper ? PAPER_PX : "auto" });
      this.draw(chart);
    },
  },
});
