// The actions of a person on this screen.

/**
 * @import { Catalogue, CatalogueCategory } from "../shared/types.js"
 * @import { createInquiry } from "../device/inquiry.js"
 * @import { Notices } from "./notices/notices.js"
 * @import { State } from "./state.js"
 * @import { Operation, Refusal, Room, SheetName, Toast, Ui, View } from "./types.js"
 * @import { Repair } from "../client/messages.js"
 * @import { Visit } from "./visit.js"
 *
 * @typedef {ReturnType<typeof createActions>} Actions
 * @typedef {{
 *   room: Room,
 *   ui: Ui,
 *   state: State,
 *   catalogue: Catalogue,
 *   visit: Visit,
 *   notices: Notices,
 *   inquiry: ReturnType<typeof createInquiry>,
 *   unsentElsewhere: () => Promise<number>,
 * }} Needs
 */

const PRESENCE_EVERY_MS = 250;
const REFUSED_AGAIN_MS = 5000;

/** @param {Needs} needs */
export function createActions(needs) {
  const { room, ui, visit, inquiry, unsentElsewhere } = needs;
  return {
    ...createEditing(needs),
    ...createLooking(needs),
    ...createToastActions(needs),
    /** @param {SheetName} sheet */
    open: (sheet) => void (ui.sheet = sheet),
    close: () => void (ui.sheet = null),
    dismiss: room.dismiss,
    /** @param {string} name */
    introduce: (name) => room.request({ type: "introduce", name }),
    rejoin: () => (visit.isOver() ? window.location.reload() : room.join()),
    stop: visit.stop,
    track: visit.tracker.track,
    rest: visit.measure.rest,
    moveOn: visit.measure.moveOn,
    askConsent: () => void (visit.consent.asking = true),
    answerConsent: visit.consent.answer,
    keepInquiry: inquiry.keep,
    discardInquiry: inquiry.discard,
    sendInquiry: inquiry.send,
    unsentElsewhere,
  };
}

/** @param {Needs} needs */
function createEditing({ room, state, notices }) {
  let refusedAt = 0;
  return {
    /** @param {Operation} operation @param {{ guarded?: boolean }} [how] */
    submit: (operation, how) => room.submit(operation, how),
    /** @param {Refusal} refusal @param {Repair} repair */
    repair(refusal, repair) {
      room.dismiss(refusal.key);
      room.submit(repair.operation);
    },
    /** @param {"undo" | "redo"} kind */
    takeBack(kind) {
      if (!state.mayEdit || room.state[kind === "undo" ? "canUndo" : "canRedo"] === false) return;
      room.submit({ kind });
    },
    // The refusal of a change that cannot be made, shown wherever the person tries it; not for
    // every tap.
    refuseHere() {
      const why = state.closed;
      if (!why || Date.now() - refusedAt < REFUSED_AGAIN_MS) return;
      refusedAt = Date.now();
      notices.announce(`${why.title} ${why.text}`);
      if (state.ui.toasts.some((each) => each.key === "ended")) return; // it says the same
      notices.show({ kind: "own", key: `closed-${refusedAt}`, ...why, colour: room.state.me?.colour ?? 0 });
    },
  };
}

// Choose the view and the category, and tell the others.
/** @param {Needs} needs */
function createLooking({ room, ui, catalogue, visit: { measure } }) {
  const views = new Map(catalogue.categories.map((c) => [c.id, c.view]));
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let presenceTimer;

  function sendPresence() {
    clearTimeout(presenceTimer);
    presenceTimer = setTimeout(() => room.present({ category: ui.category, view: ui.view }), PRESENCE_EVERY_MS);
  }

  /** @param {string} category */
  function visit(category) {
    const moved = ui.category !== category;
    measure.visit(category);
    if (moved) sendPresence();
  }

  return {
    visit,
    /** @param {View} view */
    look(view) {
      if (ui.view === view) return;
      ui.view = view;
      measure.view(view);
      sendPresence();
    },
    // A control of a category was pressed.
    /** @param {CatalogueCategory} category @param {string} elementId */
    clicked(category, elementId) {
      measure.click(category.id, elementId);
      ui.view = views.get(category.id) ?? ui.view;
      visit(category.id);
      sendPresence();
    },
  };
}

/** @param {Needs} needs */
function createToastActions({ notices }) {
  return {
    offerToast: notices.offer,
    closeToast: notices.close,
    // Go to the place that a toast is about.
    /** @param {Toast} toast */
    show(toast) {
      notices.close(toast.key);
      const section = document.getElementById(toast.category ? `category-${toast.category}` : "categories");
      const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
      section?.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
      const radio = /** @type {HTMLElement | null} */ (section?.querySelector('[role="radio"][tabindex="0"]') ?? null);
      radio?.focus({ preventScroll: true });
    },
  };
}
