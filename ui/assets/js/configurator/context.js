// The four values that the screen hands to its parts: `texts` in the reader's language, `words` for
// the choices in the house and the changes made there, `actions`, and `state`, which changes by
// itself.
import { createContext } from "../shared/context.js";

/** @import { Context } from "./types.js" */

export const { provideContext, use } = /** @type {typeof createContext<Context>} */ (createContext)("configurator");
