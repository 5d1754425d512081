// The content of an edit of a peer: about 110 bytes, or as many as the job asks for.

const OPTIONS = ["trapezblech", "holzlattung", "fassadenplatten_schwarz", "fassadenplatten_weiss"];
const pads = new Map();

export function payload(writer, number, bytes = 0) {
  const edit = {
    w: writer,
    n: number,
    category: "gebaeudehuelle",
    option: OPTIONS[number % 4],
    total_cents: 24561000 + number,
  };
  if (bytes) edit.pad = padding(bytes);
  return edit;
}

export function padding(bytes) {
  if (!pads.has(bytes)) pads.set(bytes, "x".repeat(Math.max(0, bytes - 110)));
  return pads.get(bytes);
}
