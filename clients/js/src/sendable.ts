/** What cannot be sent is refused to whoever asked, as the server would, before anything waits to be sent. */
import { Refused } from "./errors.js";
import type { Operation } from "./selection.js";

/** Why no JSON can be made of this: a bigint in it, itself in it; null where it can. */
export function refusal(said: unknown): Refused | null {
  try {
    JSON.stringify(said);
    return null;
  } catch (problem) {
    return unsendable((problem as Error).message);
  }
}

/** Throws that refusal. */
export function checkWritable(said: unknown): void {
  const refused = refusal(said);
  if (refused) throw refused;
}

/** Throws also where JSON would say something else: it writes null for NaN, which keeps the quantity there is. */
export function checkOperation(operation: Operation): void {
  checkWritable(operation);
  if (operation.kind === "apply") {
    operation.operations.forEach((single, at) => checkQuantity(single, `$.operation.operations[${at}]`));
  } else checkQuantity(operation, "$.operation");
}

function checkQuantity(single: object, place: string): void {
  const quantity: unknown = "quantity" in single ? single.quantity : undefined;
  if (typeof quantity === "number" && !Number.isInteger(quantity)) {
    throw unsendable(`A whole number is needed, without a fraction - at \`${place}.quantity\``);
  }
}

function unsendable(detail: string): Refused {
  return new Refused({ code: "malformed_message", detail });
}
