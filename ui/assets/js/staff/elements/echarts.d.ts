// What we use of ECharts, of which NiceGUI serves its copy.
declare module "nicegui-echart" {
  interface Chart {
    setOption(option: object, notMerge: boolean): void;
    resize(size?: { width: number | "auto" }): void;
    dispose(): void;
  }
  export const echarts: { init(box: HTMLElement, theme: null, how: { renderer: "svg" }): Chart };
  export type { Chart };
}
