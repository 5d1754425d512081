// Elements that a page must have, with their types. If one is missing, script and page do not
// belong together, and an error says so.

/**
 * @template {HTMLElement} T
 * @param {string} id
 * @param {{ new (): T }} type
 * @returns {T}
 */
export const byId = (id, type) => must(document.getElementById(id), `#${id}`, type);

/**
 * @template {Element} T
 * @param {ParentNode} root
 * @param {string} selector
 * @param {{ new (): T }} type
 * @returns {T}
 */
export const find = (root, selector, type) => must(root.querySelector(selector), selector, type);

/**
 * @template {Element} T
 * @param {Element | null} found
 * @param {string} what
 * @param {{ new (): T }} type
 * @returns {T}
 */
function must(found, what, type) {
  if (!(found instanceof type)) throw new Error(`the page has no ${what}`);
  return found;
}

/**
 * The text that the page brings for its script in `data-<key>`.
 *
 * @param {HTMLElement} element
 * @param {string} key
 */
export const textOf = (element, key) => element.dataset[key] ?? "";
