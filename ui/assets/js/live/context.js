// The values that the live view hands to its parts.
import { createContext } from "../shared/context.js";

/** @import { Context } from "./types.js" */

export const { provideContext, use } = /** @type {typeof createContext<Context>} */ (createContext)("live view");
