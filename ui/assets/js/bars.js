// How high the bars at the edges are now, for what must not lie under them (`--head`, `--bar`): text
// can be larger than we think, and what does not fit beside each other wraps.
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
