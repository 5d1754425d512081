// Printing. A page is printed in light colours and in the width of the paper, so charts are drawn again
// for it: `change(true)` is called before a page is printed, `change(false)` afterwards. Meanwhile the
// page has the class `paper`, which sets the light colours.
/** @param {(paper: boolean) => void} change @returns {() => void} what ends the listening */
export function onPaper(change) {
  const query = window.matchMedia("print");
  let paper = false;
  /** @param {boolean} now */
  const turn = (now) => {
    if (now === paper) return;
    paper = now;
    document.documentElement.classList.toggle("paper", paper);
    change(paper);
  };
  const [before, after, media] = [() => turn(true), () => turn(false), () => turn(query.matches)];
  window.addEventListener("beforeprint", before);
  window.addEventListener("afterprint", after);
  query.addEventListener("change", media);
  return () => {
    window.removeEventListener("beforeprint", before);
    window.removeEventListener("afterprint", after);
    query.removeEventListener("change", media);
  };
}
