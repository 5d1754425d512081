// Charts from our tokens; ECharts is the copy that NiceGUI serves.
import { echarts } from "nicegui-echart";
import { onPaper } from "../paper.js";
import SortedTable from "./table.js";

const PAPER_PX = 600; // A4 between wide margins

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// `say` writes a number as the reader does.
function frame(say) {
  const quiet = token("--quiet");
  const line = token("--line");
  return {
    animation: false,
    textStyle: { fontFamily: token("--font"), color: quiet },
    grid: { left: 4, right: 4, top: 36, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    legend: { type: "scroll", left: 0, top: 0, itemWidth: 12, itemHeight: 8, textStyle: { color: quiet, fontSize: 14 }, pageIconColor: quiet, pageTextStyle: { color: quiet } },
    tooltip: {
      trigger: "axis",
      backgroundColor: token("--surface"),
      borderColor: line,
      textStyle: { color: token("--ink") },
      valueFormatter: say,
      axisPointer: { lineStyle: { color: line } },
    },
    axis: {
      category: { type: "category", axisLine: { lineStyle: { color: line } }, axisTick: { show: false }, axisLabel: { color: quiet, fontSize: 13, hideOverlap: true } },
      value: { type: "value", minInterval: 1, splitLine: { lineStyle: { color: line } }, axisLabel: { color: quiet, fontSize: 13, hideOverlap: true, formatter: say } },
    },
  };
}

export function seriesOption(labels, lines, say) {
  const base = frame(say);
  const colours = [token("--accent"), token("--good"), token("--person-0")];
  return {
    ...base,
    xAxis: { ...base.axis.category, data: labels },
    yAxis: lines.some((each) => each.right) ? [base.axis.value, { ...base.axis.value, splitLine: { show: false } }] : base.axis.value,
    series: lines.map((each, n) => ({
      name: each.name,
      type: "line",
      yAxisIndex: each.right ? 1 : 0,
      data: each.values,
      symbol: "none",
      lineStyle: { width: each.right || each.faint ? 1.5 : 2, type: each.right ? "dashed" : each.faint ? "dotted" : "solid" },
      itemStyle: { color: each.faint ? token("--quiet") : colours[n] },
    })),
  };
}

// Upright bars for what has an order of its own (prices), lying ones for names (steps).
export function barsOption(labels, series, say, lying = false) {
  const base = frame(say);
  const colours = [token("--accent"), token("--person-0"), token("--good"), token("--person-3"), token("--person-6"), token("--edge")];
  const names = { ...base.axis.category, data: labels, inverse: lying };
  return {
    ...base,
    legend: series.length > 1 ? base.legend : { show: false },
    grid: { ...base.grid, top: series.length > 1 ? 36 : 8, right: lying ? 40 : base.grid.right },
    xAxis: lying ? base.axis.value : names,
    yAxis: lying ? names : base.axis.value,
    series: series.map((each, n) => ({
      name: each.name,
      type: "bar",
      data: each.values,
      barMaxWidth: 40,
      itemStyle: { color: colours[n % colours.length] },
      label: { show: series.length === 1, position: lying ? "right" : "top", color: token("--quiet"), formatter: ({ value }) => say(value) },
    })),
  };
}

// A chart that fits its box and follows light and dark, and the same as a table for who cannot see it.
export default {
  components: { SortedTable },
  props: { option: Function, label: String, columns: Array, rows: Array, w: Object },
  template: `
    <div>
      <div class="chart" ref="box" role="img" :aria-label="label"></div>
      <details class="as-table" ref="table">
        <summary>{{ w.t("analytics.asTable") }}</summary>
        <SortedTable :columns="columns" :rows="rows" :w="w" :label="label" :limit="60" />
      </details>
    </div>`,
  mounted() {
    this.chart = echarts.init(this.$refs.box, null, { renderer: "svg" });
    this.sizes = new ResizeObserver(() => this.chart.resize());
    this.sizes.observe(this.$refs.box);
    this.scheme = window.matchMedia("(prefers-color-scheme: dark)");
    this.scheme.addEventListener("change", this.draw);
    this.leavePaper = onPaper(this.print);
    this.draw();
  },
  beforeUnmount() {
    this.leavePaper();
    this.scheme.removeEventListener("change", this.draw);
    this.sizes.disconnect();
    this.chart.dispose();
  },
  watch: {
    option() {
      this.draw();
    },
  },
  methods: {
    draw() {
      this.chart.setOption(this.option(), true);
    },
    // On paper nothing can be pointed at or opened: the figures stand under their chart.
    print(paper) {
      if (paper) this.opened = this.$refs.table.open;
      this.$refs.table.open = paper || this.opened;
      this.chart.resize(paper ? { width: PAPER_PX } : { width: "auto" });
      this.draw();
    },
  },
};
