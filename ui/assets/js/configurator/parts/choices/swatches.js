// Swatches: the look of a material, drawn as a small tiling SVG over its colour in the catalogue.
// Only the colour gets from the catalogue into the SVG, after a check that it is plain hex.
const HEX = /^#[0-9a-f]{6}$/i;

/** @param {string[]} pieces of one drawing */
const drawn = (...pieces) => pieces.join("");

const ribs = drawn(
  '<path d="M0 0V48M12 0V48M24 0V48M36 0V48" stroke="#fff" stroke-opacity=".22" stroke-width="2"/>',
  '<path d="M4 0V48M16 0V48M28 0V48M40 0V48" stroke="#000" stroke-opacity=".35" stroke-width="4"/>',
);
const battens = drawn(
  '<path d="M5 0V48M15 0V48M25 0V48M35 0V48M45 0V48" stroke="#000" stroke-opacity=".34"',
  ' stroke-width="2"/>',
  '<path d="M2 0V48M12 0V48M22 0V48M32 0V48M42 0V48" stroke="#fff" stroke-opacity=".16"',
  ' stroke-width="1.5"/>',
  '<path d="M9 8v11M29 22v15M19 30v9M39 5v12" stroke="#000" stroke-opacity=".14"/>',
);
const panels = drawn(
  '<path d="M0 24H48M24 0V24M0 0V0M36 24V48M12 24V48" stroke="#000" stroke-opacity=".28"',
  ' stroke-width="1.5"/>',
  '<path d="M0 25.5H48M25.5 0V24M37.5 24V48M13.5 24V48" stroke="#fff" stroke-opacity=".25"/>',
);
const grain = drawn(
  '<g fill="none" stroke="#000" stroke-opacity=".17">',
  '<path d="M0 6c14-5 20 5 48 0M0 13c18-3 30 6 48 1M0 20c10 4 28-4 48 2M0 29c12-6 30 5 48-2M0',
  ' 36c16 5 26-5 48 0M0 44c20-4 28 4 48-1"/>',
  '<path d="M18 24c5-3 12-3 16 0-4 3-11 3-16 0z"/>',
  "</g>",
);
const fine = drawn(
  '<g fill="none" stroke="#000" stroke-opacity=".12">',
  '<path d="M0 5c20-2 28 2 48 0M0 11c16 2 32-2 48 0M0 17c20-3 30 2 48 0M0 23c14 2 34-2 48 1M0',
  ' 29c20-2 28 3 48 0M0 35c16 2 30-2 48 0M0 41c22-2 30 2 48 0"/>',
  "</g>",
);
const planks = drawn(
  '<g stroke="#000" stroke-opacity=".3">',
  '<path d="M0 12H48M0 24H48M0 36H48"/>',
  '<path d="M18 0V12M38 12V24M10 24V36M30 36V48"/>',
  "</g>",
  '<g fill="none" stroke="#000" stroke-opacity=".12">',
  '<path d="M0 5c8-2 12 2 18 0M20 7c10-2 18 2 28 0M2 18c12 3 24-3 34 0M12 30c14-3 22 3 36 0M0',
  ' 42c10 3 20-2 28 0"/>',
  "</g>",
);
const stone = drawn(
  '<g fill="#000" fill-opacity=".09">',
  '<circle cx="7" cy="9" r="1.6"/>',
  '<circle cx="21" cy="5" r="1"/>',
  '<circle cx="33" cy="13" r="2"/>',
  '<circle cx="43" cy="6" r="1.2"/>',
  '<circle cx="12" cy="22" r="1.2"/>',
  '<circle cx="27" cy="27" r="1.8"/>',
  '<circle cx="41" cy="24" r="1"/>',
  '<circle cx="6" cy="37" r="2"/>',
  '<circle cx="20" cy="41" r="1.2"/>',
  '<circle cx="35" cy="39" r="1.5"/>',
  "</g>",
  '<path d="M0 24H48M24 0V48" stroke="#000" stroke-opacity=".16"/>',
);
const slate = drawn(
  '<path d="M0 24H48M24 0V48" stroke="#fff" stroke-opacity=".2"/>',
  '<g fill="none" stroke="#fff" stroke-opacity=".13">',
  '<path d="M0 9l16-3 10 4 22-4M0 17l20 2 28-4M0 33l12 3 20-4 16 3M0 42l26-3 22 4"/>',
  "</g>",
);
const WALL = "#d8d4c9";
/** @param {string} colour */
const frame = (colour) =>
  drawn(
    '<path d="M14 8H106V64H14z" fill="#a9bcc3"/>',
    '<path d="M14 64L56 8H78L36 64zM62 64L104 8H106V20L73 64z" fill="#fff" fill-opacity=".28"/>',
    '<path d="M14 8H106V64H14zM60 8V64" fill="none" stroke="#000" stroke-opacity=".4"',
    ' stroke-width="8"/>',
    `<path d="M14 8H106V64H14zM60 8V64" fill="none" stroke="${colour}" stroke-width="6.5"/>`,
  );
const cells = drawn(
  '<g stroke="#fff" stroke-opacity=".32">',
  '<path d="M0 12H48M0 24H48M0 36H48M12 0V48M24 0V48M36 0V48"/>',
  "</g>",
  '<path d="M0 48L48 0" stroke="#fff" stroke-opacity=".14" stroke-width="8"/>',
);

/** @type {[RegExp, string][]} */
const PATTERNS = [
  [/trapez/, ribs],
  [/holzlattung|laerche/, battens],
  [/platten/, panels],
  [/parkett/, planks],
  [/kalk|stein(?!risch)/, stone],
  [/schiefer/, slate],
  [/pv/, cells],
];
/** @type {[RegExp, string][]} */
const WOODS = [
  [/eiche/, grain],
  [/kiefer/, grain],
  [/fichte/, fine],
];

/** @import { CatalogueCategory, CatalogueOption } from "../../../shared/types.js" */

// The colour of an option in the catalogue; "" if it has none.
/** @param {Pick<CatalogueOption, "swatch">} option */
export function colourOf({ swatch }) {
  return (typeof swatch === "string" ? swatch : swatch?.colour) ?? "";
}

// A style object for an element. Patterns tile; a category of the windows' view shows one frame in
// the middle instead.
/** @param {Pick<CatalogueCategory, "view">} category @param {Pick<CatalogueOption, "id" | "swatch">} option */
export function swatchStyle(category, option) {
  const colour = colourOf(option);
  if (!HEX.test(colour)) return null;
  const single = category.view === "fenster";
  const key = (typeof option.swatch === "object" && option.swatch?.key) || option.id;
  const drawing = single ? frame(colour) : ([...PATTERNS, ...WOODS].find(([pattern]) => pattern.test(key))?.[1] ?? "");
  const [width, height] = single ? [120, 72] : [48, 48];
  const size = `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" ${size}>${drawing}</svg>`;
  return {
    backgroundColor: single ? WALL : colour,
    backgroundImage: `url("data:image/svg+xml,${encodeURIComponent(svg)}")`,
    backgroundRepeat: single ? "no-repeat" : "repeat",
    backgroundPosition: single ? "center" : "0 0",
    backgroundSize: single ? "contain" : "auto",
  };
}
