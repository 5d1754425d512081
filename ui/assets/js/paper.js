// Paper is light and as wide as paper, whatever the screen is: what is drawn by script is drawn anew
// for it. `change(paper)` is called before a page is printed, with true, and after it, with false.
// While it is on paper the page has the class `paper`, under which the colours are the light ones.
export function onPaper(change) {
  const query = window.matchMedia("print");
  let paper = false;
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
