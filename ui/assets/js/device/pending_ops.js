// Keeps the ops of this tab in sessionStorage until the server has answered them: a page that loads
// again goes on with them. The last epoch that was seen is kept, too, so that such a page can tell
// that a backup replaced what the page before it saw.

/** @import { AskedOp, KeptOp } from "../configurator/room/types.js" */
import { parsed, read, remove, write } from "../shared/storage.js";

export const KEPT_UNDER = "nest-pending-"; // and the id of the configuration
const EPOCH_SEEN = "nest-epoch";

/** @param {Storage | null} storage */
export function createKept(storage) {
  /** @type {string | null} */
  let written = null;
  return {
    epoch: () => read(storage, EPOCH_SEEN),
    /** @param {string} epoch */
    sawEpoch(epoch) {
      if (read(storage, EPOCH_SEEN) !== epoch) write(storage, EPOCH_SEEN, epoch);
    },
    /**
     * The kept ops, if the same person asked for them: another person may use this tab now.
     *
     * @param {string} configuration
     * @param {string} person
     * @returns {KeptOp[]}
     */
    ops(configuration, person) {
      const kept = parsed(read(storage, KEPT_UNDER + configuration));
      return (Array.isArray(kept) ? kept : []).filter((op) => op?.op_id && op.operation?.kind && op.person === person);
    },
    /**
     * @param {string} configuration
     * @param {string} person
     * @param {readonly AskedOp[]} ops
     */
    keepOps(configuration, person, ops) {
      const text = JSON.stringify(ops.map((op) => ({ ...op, person })));
      if (text === written) return;
      written = text;
      if (ops.length) write(storage, KEPT_UNDER + configuration, text);
      else remove(storage, KEPT_UNDER + configuration);
    },
  };
}
