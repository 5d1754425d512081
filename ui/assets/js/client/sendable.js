/**
 * An op that cannot be sent is refused to its caller, as the server would do, before it is queued.
 *
 * @import { Operation } from "./types.js"
 */
import { Refused } from "./errors.js";

/**
 * The reason why this cannot become JSON, such as a bigint or a cycle in it; null if it can.
 *
 * @param {unknown} said
 * @returns {Refused | null}
 */
export function refusal(said) {
  try {
    JSON.stringify(said);
    return null;
  } catch (problem) {
    return unsendable(/** @type {Error} */ (problem).message);
  }
}

/**
 * Throws that refusal.
 *
 * @param {unknown} said
 */
export function checkWritable(said) {
  const refused = refusal(said);
  if (refused) throw refused;
}

/**
 * Throws also if JSON would change the meaning: it writes null for NaN, which keeps the present
 * quantity.
 *
 * @param {Operation} operation
 */
export function checkOperation(operation) {
  checkWritable(operation);
  if (operation.kind === "apply") {
    operation.operations.forEach((single, at) => checkQuantity(single, `$.operation.operations[${at}]`));
  } else checkQuantity(operation, "$.operation");
}

/**
 * @param {object} single
 * @param {string} place
 */
function checkQuantity(single, place) {
  /** @type {unknown} */
  const quantity = "quantity" in single ? single.quantity : undefined;
  if (typeof quantity === "number" && !Number.isInteger(quantity)) {
    throw unsendable(`A whole number is needed, without a fraction - at \`${place}.quantity\``);
  }
}

/** @param {string} detail */
function unsendable(detail) {
  return new Refused({ code: "malformed_message", detail });
}
