// The rows of a table in the order of one of its columns.

/**
 * @typedef {string | { text: string, by?: string | number | null, bar?: number, heat?: number, title?: string }} Cell
 *   sorts by what it says, unless it has something else to sort `by`; null is not known
 * @typedef {{ cells: Cell[] }} Row
 */

/** @param {Cell} cell */
const valueOf = (cell) => (typeof cell === "string" ? cell : cell.by === undefined ? cell.text : cell.by);

// Unknown values come last, in both directions.
/**
 * @template {Row} R
 * @param {readonly R[]} rows @param {number} at @param {boolean} up @param {string} [language]
 */
export function sorted(rows, at, up, language) {
  const known = rows.filter((row) => valueOf(row.cells[at]) !== null);
  const compare = new Intl.Collator(language).compare;
  known.sort((one, other) => {
    const [a, b] = [valueOf(one.cells[at]), valueOf(other.cells[at])];
    const order = typeof a === "string" ? compare(a, String(b)) : Number(a) - Number(b);
    return up ? order : -order;
  });
  return [...known, ...rows.filter((row) => valueOf(row.cells[at]) === null)];
}
