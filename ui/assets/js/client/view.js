/**
 * The view of a house: the confirmed selection with the pending ops laid over it. Pure.
 *
 * @import { Confirmed } from "./confirmed.js"
 * @import { ClientError } from "./errors.js"
 * @import { Queue } from "./queue.js"
 * @import { HouseView } from "./types.js"
 */
import { overlaid } from "./selection.js";

/**
 * @param {Confirmed} confirmed
 * @param {Queue} queue
 * @param {ClientError | null} ended
 * @returns {HouseView}
 */
export function viewOf(confirmed, queue, ended) {
  const { configuration, code, catalogue, epoch, version, selection, derived, totalCents } = confirmed;
  const { restored, members, memberCount, you } = confirmed;
  const { ops: pending, guesses, retrying } = queue;
  return {
    ...{ configuration, code, catalogue, epoch, version, selection, derived, totalCents },
    ...{ restored, members, memberCount, you, pending, retrying, ended },
    shown: overlaid(selection, guesses),
    asked: Object.fromEntries(guesses.flatMap((each) => [...each])),
  };
}
