// Events of the page as a whole: its socket, the network, its visibility, keys, its end.
import { isForgotten } from "../../device/owner.js";
import { socketOfPage } from "../../shared/page_socket.js";
import { takesBack, typing } from "./undo_keys.js";

/**
 * @import { createInquiry } from "../../device/inquiry.js"
 * @import { Actions } from "../actions.js"
 * @import { State } from "../state.js"
 * @import { Room } from "../types.js"
 * @import { Visit } from "../visit.js"
 *
 * @typedef {{
 *   room: Room,
 *   state: State,
 *   actions: Actions,
 *   visit: Visit,
 *   inquiry: ReturnType<typeof createInquiry>,
 *   byRestore: () => Promise<boolean>,
 * }} Needs
 */

const CLOCK_MS = 400;

// A page that the browser renders ahead sends nothing: no person looks at it yet.
/** @param {Pick<Needs, "room" | "inquiry">} needs @returns {void} */
export function attachSocket({ room, inquiry }) {
  if (document.prerendering) {
    document.addEventListener("prerenderingchange", () => attachSocket({ room, inquiry }), { once: true });
    return;
  }
  socketOfPage((socket) => {
    const up = () => {
      room.connected();
      inquiry.refresh();
    };
    socket.on("connect", up);
    socket.on("disconnect", () => room.disconnected());
    if (socket.connected) up();
  });
}

/** @param {Needs} needs @returns {() => void} ends it */
export function followPage({ room, state, actions, visit, inquiry, byRestore }) {
  const { measure, tracker } = visit;
  const stop = new AbortController();
  const { signal } = stop;
  const house = room.state;

  // The next page says what was lost. After a restore this page says it, and keeps showing the house,
  // which exists nowhere else any more.
  async function forgotten() {
    if (house.you?.role === "admin") return;
    visit.stop();
    window.socket?.disconnect(); // the server has deleted this page, and would have it load again
    if (await byRestore()) return;
    window.location.replace(`/signed-out?house=${encodeURIComponent(house.code ?? "")}`);
  }

  // Not while a field has the focus: there the keys undo typing.
  /** @param {KeyboardEvent} event */
  function takeBackByKey(event) {
    const kind = takesBack(event);
    if (!kind || !state.mayEdit || state.ui.sheet || typing(event.target)) return;
    event.preventDefault();
    if (!event.repeat) actions.takeBack(kind);
  }

  // A page of a person whom this browser has forgotten does not come back: its server would have it
  // load again, and what it still shows would be lost.
  function wake() {
    const { socket } = window;
    if (socket && !socket.connected && !visit.isOver()) socket.connect();
  }

  function seen() {
    if (document.visibilityState === "hidden") return measure.hide();
    measure.back();
    wake();
  }

  function online() {
    house.online = true;
    tracker.online();
    wake();
  }

  function leaving() {
    measure.leave();
    room.send({ type: "leave", configuration: house.configuration ?? "" });
  }

  const clock = setInterval(() => (house.clock = Date.now()), CLOCK_MS);
  signal.addEventListener("abort", () => clearInterval(clock));
  window.addEventListener("online", online, { signal });
  window.addEventListener("offline", () => (house.online = false), { signal });
  document.addEventListener("visibilitychange", seen, { signal });
  window.addEventListener("error", (event) => measure.failed(event.message), { signal });
  window.addEventListener("pagehide", leaving, { signal });
  window.addEventListener(
    "storage",
    (event) => (isForgotten(event, house.you?.person) ? forgotten() : inquiry.heard(event)),
    { signal },
  );
  window.addEventListener("signedout", forgotten, { signal });
  window.addEventListener("pageshow", (event) => event.persisted && wake(), { signal });
  window.addEventListener("keydown", takeBackByKey, { signal });
  for (const sign of ["pointerdown", "pointermove", "keydown", "scroll"])
    window.addEventListener(sign, measure.active, { passive: true, signal });
  return () => stop.abort();
}
