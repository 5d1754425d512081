// Tells of a change that arrived: to ears always, to eyes where it is out of sight.
import { difference, euro } from "./format.js";

const REVERSALS = ["undo", "redo"];
const categoriesOf = (entry) => entry.changes.map((change) => change.category);
const touch = (entry, categories) => entry.changes.some((change) => categories.includes(change.category));

// A choice of somebody else that changes nothing is no news.
export const isNews = (entry) => entry.mine || entry.changes.length > 0;

export function createTelling({ state, ui, notices, sentences, known }) {
  const { t, describe, lostTo, describeLost, describeReplaced, describeAdjustment } = sentences;

  const adjusted = (entry) => entry.changes.filter((change) => change.cause === "rule");
  const adjustmentsOf = (entry) => adjusted(entry).map((change) => describeAdjustment({ change, author: entry.author, mine: entry.mine }));
  const priceEffect = (cents) => (cents === undefined ? "" : cents === 0 ? t("price.same") : difference(cents, ui.language));

  const added = (one, other) => (one === undefined || other === undefined ? undefined : one + other);

  return function tell(entry) {
    if (!isNews(entry)) return;
    const lost = stillLost(entry);
    const replaced = replacedBy(entry);
    const first = lost.length ? lost.map((each) => each.title) : [replaced ?? describe(entry)];
    const said = [...new Set(first), ...adjustmentsOf(entry)];
    notices.announce([...said, t("announce.price", { total: euro(entry.total_cents, ui.language) })].join(". "));
    const category = known((adjusted(entry)[0] ?? entry.changes[0])?.category);
    const takenBack = REVERSALS.includes(entry.kind);
    const where = said.length > 1 ? `[data-notice^="${entry.key}"]` : takenBack && category ? `#category-${category} .option[aria-checked="true"]` : '[data-testid="history"] li';
    const toast = { key: entry.key, title: said.join(". "), text: priceEffect(entry.change_cents), category, about: categoriesOf(entry), colour: entry.author.colour };
    const news = notices.shown("news");
    for (const kind of ["own", "news", "over"]) notices.settle(kind, categoriesOf(entry));
    if (lost.length) lost.forEach(notices.show);
    else if (!entry.mine) tellNews(entry, toast, where, news);
    else if (replaced) notices.show({ ...toast, kind: "own" });
    else if (said.length > 1 || takenBack) notices.offer(where, { ...toast, kind: "own" });
  };

  // One toast for each choice of the reader that is lost, until it is closed or chosen anew. What was
  // told already and changes once more is told as it is now, beside what the reader had.
  function stillLost(entry) {
    const open = new Map(notices.all("over").flatMap((toast) => toast.lost.map((each) => [each.category, { ...each, toast }])));
    const lost = lostTo(entry, state.changes.slice(1), new Map([...open].map(([category, { before }]) => [category, before])));
    const toastOf = (changes, cents) => {
      const [change] = changes;
      const about = changes.map((each) => each.category);
      const extra = entry.kind === "reset" ? [] : adjustmentsOf(entry);
      return { kind: "over", key: `${entry.key}-${change.category}`, title: [describeLost(entry, change), ...extra].join(". "), text: priceEffect(cents), cents, category: known(change.category), about, lost: changes, colour: entry.author.colour, stays: true };
    };
    if (entry.kind === "reset") return lost.length ? [toastOf(lost, entry.change_cents)] : [];
    const sum = ({ category }) => (lost.length > 1 ? undefined : open.has(category) ? added(open.get(category).toast.cents, entry.change_cents) : entry.change_cents);
    return lost.map((change) => toastOf([change], sum(change)));
  }

  // What was asked for here before somebody else's choice was seen, and carried out after it.
  function replacedBy(entry) {
    if (!entry.askedHere || REVERSALS.includes(entry.kind)) return null;
    const askedAt = entry.seenAt - entry.waited_ms;
    for (const change of entry.changes.filter((each) => each.cause === "asked")) {
      const before = state.changes.slice(1).find((each) => touch(each, [change.category]));
      if (before && !before.mine && before.seenAt > askedAt) return describeReplaced(change, before.author.name);
    }
    return null;
  }

  // What others do is in the list of changes; where that is not in sight it is told, added up.
  function tellNews(entry, toast, where, earlier) {
    notices.offer(where, () => {
      if (state.changes.some((each) => each.mine && each.version > entry.version && touch(each, toast.about))) return null;
      const before = notices.shown("news") ?? earlier;
      const count = (before?.count ?? 0) + 1;
      const cents = (before?.cents ?? 0) + (entry.change_cents ?? 0);
      const text = count > 1 ? t("toast.more", { count, difference: priceEffect(cents) }) : toast.text;
      return { ...toast, kind: "news", text, count, cents };
    });
  }
}
