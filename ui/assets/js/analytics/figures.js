// The figures by name, in the order in which they are shown: where, how broad, with which note.
import Breakdown from "./figures/breakdown.js";
import Catalogues from "./figures/catalogues.js";
import Combinations from "./figures/combinations.js";
import Funnel from "./figures/funnel.js";
import Journeys from "./figures/journeys.js";
import Kpis from "./figures/kpis.js";
import Options from "./figures/options.js";
import Paths from "./figures/paths.js";
import Prices from "./figures/prices.js";
import Retention from "./figures/retention.js";
import Series from "./figures/series.js";
import Signals from "./figures/signals.js";
import Steps from "./figures/steps.js";

export const FIGURES = [
  { name: "kpis", tab: "overview", shows: Kpis, wide: true, own: ["compare"] },
  { name: "series", tab: "overview", shows: Series, wide: true, own: ["unit", "compare"] },
  { name: "funnel", tab: "overview", shows: Funnel, note: "funnelNote", own: ["by", "steps", "window"] },
  { name: "prices", tab: "overview", shows: Prices },
  { name: "options", tab: "choices", shows: Options, wide: true, note: "optionsNote" },
  { name: "combinations", tab: "choices", shows: Combinations, wide: true, note: "combinationsNote", fixed: { limit: "100" } },
  { name: "steps", tab: "choices", shows: Steps, wide: true },
  { name: "paths", tab: "ways", shows: Paths, note: "pathsNote", fixed: { limit: "100" } },
  { name: "journeys", tab: "ways", shows: Journeys, note: "journeysNote" },
  { name: "retention", tab: "visitors", shows: Retention, wide: true, note: "retentionNote" },
  { name: "breakdown", tab: "visitors", shows: Breakdown, wide: true, own: ["by"] },
  { name: "catalogues", tab: "visitors", shows: Catalogues, wide: true, note: "cataloguesNote" },
  { name: "signals", tab: "ways", shows: Signals, wide: true, note: "signalsNote" },
];

// What a figure is asked beside the range: only what it knows.
export function ownQuery(figure, asked) {
  return { ...figure.fixed, ...Object.fromEntries((figure.own ?? []).map((name) => [name, asked[name]])) };
}
