// Measures a visit: this file has everything that the page tracks, and when.
//
//   join            this tab entered the house; props {role, others}
//   click           a control of a category was pressed; elementId, previousValue
//   hover           the pointer rested for a second on an option that is not chosen, once for each
//                   option and visit
//   selection       a choice of this tab was saved; previousValue, selectionValue, price and version
//   undo, redo      the same, taken back
//   saved           how long saving took (timeSpent, from the click)
//   refused         a choice was not carried out; props {reason, outcome}
//   adjusted        a rule moved something after a choice of this tab; props {reason}
//   view_change     another view of the house; selectionValue
//   time_spent      how long a category was in use, while the page was in sight; timeSpent. A pause
//                   without input counts as one minute at most: somebody left, or the computer slept
//   invite          a link was made
//   inquiry         its form was opened, or it was sent; elementId says which
//   web_vital       props {name, value, rating}, once
//   error           a script failed; props {code, message}, no stack
import { observeVitals } from "./vitals.js";

const HOVER_MS = 1_000;
const SPENT_MS_MIN = 500;
const PAUSE_MS_MAX = 60_000;
const ERRORS_MAX = 5;
const MESSAGE_MAX = 200;

/**
 * @import { Choice, Reason, You } from "../client/messages.js"
 * @import { ChangeEntry, Refusal } from "../configurator/types.js"
 * @import { Tracker } from "./track.js"
 *
 * @param {{
 *   tracker: Pick<Tracker, "track" | "hide" | "leave">,
 *   state: {
 *     you: You | null,
 *     memberCount: number,
 *     code: string | null,
 *     version: number,
 *     totalCents: number | null,
 *     selection: Readonly<Record<string, Choice>>,
 *   },
 *   ui: { category: string | null },
 *   now?: () => number,
 *   vitals?: ReturnType<typeof observeVitals>,
 * }} how
 */
export function createMeasure({ tracker, state, ui, now = Date.now, vitals = observeVitals() }) {
  const { track } = tracker;
  const hovered = new Set();
  const errors = new Set();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let hover;
  let spentMs = 0;
  /** @type {number | null} */
  let activeAt = null; // the last sign of life in a category; null if the person is in none
  let joined = false;

  function join() {
    if (joined || !state.you) return;
    joined = true;
    const others = Math.max(0, state.memberCount - 1);
    track("join", "room", {
      elementId: state.code,
      version: state.version,
      totalCents: state.totalCents,
      props: { role: state.you.role, others },
    });
  }

  /** @param {string} category @param {string} elementId */
  function click(category, elementId) {
    moveOn();
    track("click", category, { elementId: elementId || "none", previousValue: state.selection[category]?.option });
  }

  // A finger does not hover.
  /** @param {string} category @param {string} option @param {string} pointerType */
  function rest(category, option, pointerType) {
    clearTimeout(hover);
    const key = `${category}/${option}`;
    if (!option || pointerType !== "mouse" || hovered.has(key)) return;
    hover = setTimeout(() => {
      if (state.selection[category]?.option === option) return;
      hovered.add(key);
      track("hover", category, { elementId: option, timeSpent: HOVER_MS });
    }, HOVER_MS);
  }

  const moveOn = () => clearTimeout(hover);

  /** @param {string} category */
  function visit(category) {
    if (ui.category === category && activeAt !== null) return active();
    spent();
    ui.category = category;
    enter();
  }

  function enter() {
    spentMs = 0;
    activeAt = now();
  }

  // The person does something. The clock may have been set in between.
  function active() {
    if (activeAt === null) return;
    const at = now();
    spentMs += Math.min(Math.max(0, at - activeAt), PAUSE_MS_MAX);
    activeAt = at;
  }

  function spent() {
    active();
    if (ui.category && activeAt !== null && spentMs >= SPENT_MS_MIN)
      track("time_spent", ui.category, { timeSpent: Math.round(spentMs) });
    activeAt = null;
  }

  /** @param {string} name */
  const view = (name) => track("view_change", ui.category ?? "view", { elementId: "view", selectionValue: name });

  // An op of this tab was saved. Only its first choice carries the op's change of the price.
  /** @param {ChangeEntry} entry */
  function saved(entry) {
    if (!entry.askedHere) return;
    const { version, total_cents: totalCents, change_cents, kind } = entry;
    const eventType = ["undo", "redo"].includes(kind) ? kind : "selection";
    let changeCents = change_cents;
    for (const change of entry.changes) {
      const rule = change.cause === "rule";
      const said = {
        elementId: change.after?.option ?? "none",
        selectionValue: valueOf(change.after),
        previousValue: change.before && valueOf(change.before),
        totalCents,
        version,
      };
      if (rule)
        track("adjusted", change.category, { ...said, props: { reason: reasonOf(entry.reasons, change.category) } });
      else {
        track(eventType, change.category, { ...said, changeCents });
        changeCents = undefined;
      }
    }
    const first = entry.changes.find((c) => c.cause === "asked");
    if (first && entry.waited_ms !== null)
      track("saved", first.category, { timeSpent: entry.waited_ms, version, props: { kind } });
  }

  /** @param {Refusal} refusal */
  function refused({ operation, outcome, reasons, category }) {
    track("refused", category ?? "room", {
      elementId: "option" in operation ? operation.option : operation.kind,
      props: { reason: reasons[0]?.code ?? "", outcome },
    });
  }

  /** @param {unknown} message */
  function failed(message) {
    const bounded = String(message ?? "").slice(0, MESSAGE_MAX);
    if (!bounded || errors.has(bounded) || errors.size >= ERRORS_MAX) return;
    errors.add(bounded);
    track("error", "page", { props: { code: "script_failed", message: bounded } });
  }

  // Out of sight: nobody is in a category any more, and perhaps nobody comes back.
  function ending() {
    spent();
    for (const vital of vitals()) track("web_vital", "page", { elementId: vital.name, props: vital });
  }

  function hide() {
    ending();
    tracker.hide();
  }

  function back() {
    if (ui.category && activeAt === null) enter();
  }

  function leave() {
    ending();
    tracker.leave();
  }

  return { active, join, click, rest, moveOn, visit, view, saved, refused, failed, hide, back, leave };
}

/** @param {Choice | null} choice */
const valueOf = (choice) =>
  choice ? [choice.option, choice.quantity].filter((v) => v !== null && v !== undefined).join(":") : "none";

/** @param {readonly Reason[]} reasons @param {string} category */
const reasonOf = (reasons, category) => (reasons.find((r) => r.category === category) ?? reasons[0])?.code ?? "";
