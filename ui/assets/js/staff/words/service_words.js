// Words for our own names: jobs and their results, reasons, kinds of data, actions. A name without
// a translation is shown unchanged; a sentence around it says what failed.
const ERROR = /^[A-Z][A-Za-z]*(Error|Exception)$/;
/** @import { Translate, Values } from "../../shared/types.js" */

/** @param {unknown} name */
const slug = (name) => String(name).replaceAll(/\W+/g, "_");

/** @param {Translate} t @param {string} group @param {string} name @param {Values} [values] */
export function word(t, group, name, values) {
  const key = `service.${group}.${slug(name)}`;
  const text = t(key, values);
  if (text !== key) return text;
  return group === "why" && ERROR.test(name) ? t("service.why.error", { name }) : String(name);
}

/** @param {Translate} t @param {string} job */
export const jobName = (t, job) => word(t, "job", job);

// "3 Tage gelöscht, 12 Sitzungen"; empty if there was nothing to do. `reason` is why it failed.
/**
 * @param {Translate} t
 * @param {(n: number) => string} number
 * @param {Record<string, string | number> | null | undefined} detail
 */
export function did(t, number, detail) {
  const parts = Object.entries(detail ?? {}).map(([what, n]) => {
    if (what === "reason") return word(t, "why", String(n));
    if (what === "drift" && n === 0) return t("service.did.noDrift");
    return typeof n === "number" && n !== 0 ? counted(t, number, what, n) : "";
  });
  return parts.filter(Boolean).join(", ");
}

/** @param {Translate} t @param {(n: number) => string} number @param {string} what @param {number} n */
function counted(t, number, what, n) {
  const key = `service.did.${slug(what)}`;
  const text = t(key, { n: number(n) });
  return text === key ? `${number(n)} ${word(t, "kind", what)}` : text;
}
