// Messages that are sent once: the caller gets the answer, or null if none comes, and may ask
// again.

/**
 * @import { ClientMessage, ServerMessage } from "../../client/messages.js"
 *
 * @typedef {object} Waiting
 * @property {(frame: ServerMessage | null) => void} resolve
 * @property {ReturnType<typeof setTimeout>} timer
 */
import { Refused, Unreachable } from "../../client/errors.js";

const ANSWER_WITHIN_MS = 6000;

/** @param {(message: ClientMessage) => boolean} send */
export function createRequests(send) {
  /** By id. @type {Map<string, Waiting>} */
  const waiting = new Map();
  let number = 0;

  /**
   * @param {string} id
   * @param {ServerMessage | null} frame
   */
  function answered(id, frame) {
    const asked = waiting.get(id);
    if (!asked) return;
    waiting.delete(id);
    clearTimeout(asked.timer);
    asked.resolve(frame);
  }

  /**
   * @param {ClientMessage} message
   * @returns {Promise<ServerMessage | null>}
   */
  function ask(message) {
    return new Promise((resolve) => {
      const id = `request-${(number += 1)}`;
      const timer = setTimeout(() => answered(id, null), ANSWER_WITHIN_MS);
      waiting.set(id, { resolve, timer });
      if (!send({ ...message, id })) answered(id, null);
    });
  }

  return {
    ask,
    /**
     * The answer in the form for the client: a refusal, or a missing answer, is thrown.
     *
     * @param {ClientMessage} message
     */
    async answerTo(message) {
      const frame = await ask(message);
      if (!frame) throw new Unreachable(location.origin);
      if (frame.type === "error") throw new Refused(frame);
      return frame;
    },
    /** @param {ServerMessage} frame */
    hear(frame) {
      if ("re" in frame && frame.re) answered(frame.re, frame);
    },
    // Give up all requests: no answer will come any more.
    lost() {
      for (const id of [...waiting.keys()]) answered(id, null);
    },
  };
}
