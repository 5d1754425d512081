// The state of a room that the parts of the screen read, and the status that follows from it.

/** @import { RoomState } from "./types.js" */
const SLOW_MS = 3000;

/**
 * The state before anything is known.
 *
 * @returns {RoomState}
 */
export function blank() {
  return {
    ...{ me: null, sessionId: null, you: null, canUndo: null, canRedo: null, members: [], memberCount: 0 },
    ...{ configuration: null, code: "", catalogue: null, epoch: null, version: 0, derived: null, totalCents: null },
    ...{
      selection: {},
      shown: {},
      asked: {},
      pending: [],
      retrying: false,
      refusals: [],
      adjustments: [],
      changes: [],
    },
    ...{ gone: null, restored: null, ended: null, accessChanges: 0, socket: "connecting", clock: Date.now() },
    online: globalThis.navigator?.onLine !== false,
  };
}

/**
 * The status beside the title, which claims only what is known.
 *
 * @param {RoomState} state
 */
export function statusOf(state) {
  const count = state.pending.length;
  if (state.gone || state.ended) return { name: "gone", count };
  if (!state.online || state.socket === "down") return { name: "offline", count };
  if (!count) return { name: "saved", count };
  const slow = state.pending.some((op) => state.clock - op.since > SLOW_MS);
  return { name: state.retrying || slow ? "retrying" : "saving", count };
}
