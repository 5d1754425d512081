// Values that a screen hands to its parts. Each part names in its setup those that it takes.
import { inject, provide } from "vue";

/**
 * @template {object} Context
 * @param {string} screen
 */
export function createContext(screen) {
  /** @type {import("vue").InjectionKey<Context>} */
  const key = Symbol(screen);
  return {
    /** @param {Context} context */
    provideContext: (context) => provide(key, context),
    /**
     * @template {keyof Context & string} Name
     * @param {...Name} names
     * @returns {Pick<Context, Name>}
     */
    use(...names) {
      const context = inject(key);
      if (!context) throw new Error(`this part stands outside of its screen: ${screen}`);
      return /** @type {Pick<Context, Name>} */ (Object.fromEntries(names.map((name) => [name, context[name]])));
    },
  };
}
