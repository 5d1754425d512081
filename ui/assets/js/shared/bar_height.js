import { getCurrentInstance, onBeforeUnmount, onMounted } from "vue";

// The present height of the bars at the edges (`--head`, `--bar`), for elements that must not lie
// under them: text may be larger than expected, and elements that do not fit side by side wrap.
/** @param {HTMLElement} element @param {string} property */
export function tellHeight(element, property) {
  const root = document.documentElement;
  const tell = () => root.style.setProperty(property, `${element.offsetHeight}px`);
  const observer = new ResizeObserver(tell);
  observer.observe(element);
  tell();
  return () => {
    observer.disconnect();
    root.style.removeProperty(property);
  };
}

// The height of the part that calls this in its setup, as long as that part is on the page.
/** @param {string} property */
export function useHeight(property) {
  const part = getCurrentInstance();
  /** @type {(() => void) | undefined} */
  let stop;
  onMounted(() => {
    const root = part?.proxy?.$el;
    if (root instanceof HTMLElement) stop = tellHeight(root, property);
  });
  onBeforeUnmount(() => stop?.());
}
