// This visit: its measuring, the permission for it, and its end when the browser forgets its
// person.
import { reactive } from "vue";
import { PROTOCOL } from "../client/codes.js";
import { mayMeasure } from "../tracking/consent.js";
import { createMeasure } from "../tracking/measure.js";
import { createTracker } from "../tracking/track.js";
import { sessionKey } from "../tracking/session_key.js";
import { createConsent } from "./parts/consent.js";

/**
 * @import { Room, Ui } from "./types.js"
 *
 * @typedef {ReturnType<typeof createVisit>} Visit
 */

/** @param {{ room: Room, ui: Ui, mode: string }} how */
export function createVisit({ room, ui, mode }) {
  let over = false; // this browser has forgotten its person
  const tracker = createTracker(() => room.state.sessionId, { allowed: () => !over && mayMeasure(mode) });
  const measure = createMeasure({ tracker, state: room.state, ui });
  const consent = createConsent({ mode, reactive, changed: decided });

  // No session was kept while the visitor had not decided: one begins with their consent.
  function decided() {
    if (mayMeasure(mode) && !room.state.sessionId)
      room.send({ type: "hello", protocol: PROTOCOL, session_id: sessionKey() });
    tracker.decided();
  }

  // Keep nothing more in this browser.
  function stop() {
    over = true;
    tracker.decided();
  }

  return { tracker, measure, consent, stop, isOver: () => over };
}
