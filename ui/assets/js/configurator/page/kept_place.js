// The place where the reader was, kept for a reload of this tab, which a restart of the server also
// causes.
import { watch } from "vue";
import { parsed, place, read, write } from "../../shared/storage.js";

/**
 * @import { CatalogueView } from "../../shared/types.js"
 * @import { Ui } from "../types.js"
 */

/**
 * @param {Ui} ui
 * @param {string | null} configuration
 * @param {readonly CatalogueView[]} views
 * @param {() => boolean} mayWrite whether an inquiry goes on
 */
export function keepPlace(ui, configuration, views, mayWrite) {
  const kept = place("sessionStorage");
  const key = `nest-place-${configuration}`;
  const was = parsed(read(kept, key));
  ui.view = views.find((view) => view.id === was?.view)?.id ?? ui.view;
  if (was?.sheet === "inquiry" && mayWrite()) ui.sheet = was.sheet;
  watch(
    () => [ui.view, ui.sheet],
    ([view, sheet]) => write(kept, key, JSON.stringify({ view, sheet })),
  );
}
