// What this tab asked for and what has not ended yet, oldest first. Pure: no clock, no socket.
//
// One op is on its way at a time, the oldest. So an op that is refused for a while is never overtaken
// by a later one, and the last click stays the last (CL9). Nothing is dropped: an op that finds no
// room is refused to whoever asked (CL10). An op leaves the list in exactly one of these ways:
//
//   effected   its change arrived: it is committed, whether or not the outcome was heard
//   released   its outcome came, and the version that the outcome speaks of is here
//   ended      it was rejected, or will never be carried out
//
// Until then what it asked for is shown. It leaves in the step in which its change arrives, so what
// somebody chose never jumps back in between (CL7).
export const PENDING_MAX = 256;
export const KEPT_UNDER = "nest-pending-"; // and the id of the configuration, in sessionStorage

// `ops` is the list itself, {op_id, base_version, epoch, guarded, operation, since, ...}; others may
// read it. `epoch` is the history that `base_version` counts in: of an older one, which a backup took
// the place of, the server judges an op anew, or refuses it where it would mean something else (OP20).
export function createPending(ops) {
  let onItsWay = null;

  function find(opId) {
    return ops.find((op) => op.op_id === opId);
  }

  function end(opId) {
    if (onItsWay === opId) onItsWay = null;
    const at = ops.findIndex((op) => op.op_id === opId);
    return at < 0 ? null : ops.splice(at, 1)[0];
  }

  return {
    find,
    end,
    // False: there is no room.
    add(op) {
      if (ops.length >= PENDING_MAX) return false;
      ops.push(op);
      return true;
    },
    // The op whose turn it is, as it is to be sent; null while another is on its way.
    next(version) {
      if (onItsWay) return null;
      const op = ops.find((each) => !each.outcome);
      if (!op) return null;
      onItsWay = op.op_id;
      op.sent = true;
      // Of a release that did not keep the epoch: only a guard means the version (OP18).
      return { ...op, base_version: op.guarded || op.epoch ? op.base_version : Math.min(op.base_version, version) };
    },
    get onItsWay() {
      return onItsWay;
    },
    // No answer will come for what is on its way: it has its turn again.
    lost() {
      onItsWay = null;
    },
    // The change of an op is in the confirmed selection at this version of this epoch.
    effected(opId, version, epoch) {
      const op = end(opId);
      // The person who asked for the next one saw this change, though not its version.
      if (op) for (const each of ops) if (!each.sent && each.base_version === version - 1 && each.epoch === epoch) each.base_version = version;
      return op;
    },
    // An outcome that took a version came; until that version is here, its change is not.
    committed(opId, outcome) {
      if (onItsWay === opId) onItsWay = null;
      const op = find(opId);
      if (op) op.outcome = { version: outcome.version };
      return op ?? null;
    },
    // Everything up to this version is here; in another history all that was said before is over.
    release(version) {
      for (const op of [...ops]) if (op.outcome && op.outcome.version <= version) end(op.op_id);
    },
  };
}

// The choice that was asked for and not yet answered, per category: undefined = nothing asked.
export function askedChoices(pending) {
  const asked = {};
  const note = (operation) => {
    if (operation.kind === "select") asked[operation.category] = { option: operation.option, quantity: operation.quantity };
    else if (operation.kind === "clear") asked[operation.category] = null;
    else if (operation.kind === "set_quantity") asked[operation.category] = { option: asked[operation.category]?.option, quantity: operation.quantity };
    else if (operation.kind === "apply") operation.operations.forEach(note);
  };
  for (const entry of pending) note(entry.operation);
  return asked;
}
