// Tells of a change that arrived: always for screen readers, and with a toast if it is out of
// sight.
import { lostTo } from "../words/losses.js";

/**
 * @import { Change } from "../../client/messages.js"
 * @import { Notices } from "./notices.js"
 * @import { Texts } from "../words/texts.js"
 * @import { ChangeEntry, RoomState, Toast } from "../types.js"
 * @import { Words } from "../words/words.js"
 *
 * @typedef {{ room: Pick<RoomState, "changes">, notices: Notices, texts: Texts, words: Words }} Telling
 */

const REVERSALS = ["undo", "redo"];
/** @param {ChangeEntry} entry */
const categoriesOf = (entry) => entry.changes.map((change) => change.category);
/** @param {ChangeEntry} entry @param {readonly (string | null)[]} categories */
const touch = (entry, categories) => entry.changes.some((change) => categories.includes(change.category));
/** @param {ChangeEntry} entry */
const adjusted = (entry) => entry.changes.filter((change) => change.cause === "rule");
/** @param {number | undefined} one @param {number | undefined} other */
const added = (one, other) => (one === undefined || other === undefined ? undefined : one + other);

// A choice of somebody else that changes nothing is not told.
/** @param {Pick<ChangeEntry, "mine" | "changes">} entry */
export const isNews = (entry) => entry.mine || entry.changes.length > 0;

/** @param {Telling} how */
export function createTelling({ room, notices, texts, words }) {
  const { t, euro } = texts;
  const say = createSayings(texts, words);
  const losses = createLosses({ room, notices, words, say });

  /** @param {ChangeEntry} entry */
  return function tell(entry) {
    if (!isNews(entry)) return;
    const lost = losses(entry);
    const replaced = replacedBy(entry, room.changes, words);
    const first = lost.length ? lost.map((each) => each.title ?? "") : [replaced ?? words.describe(entry)];
    const said = [...new Set(first), ...say.adjustmentsOf(entry)];
    notices.announce([...said, t("announce.price", { total: euro(entry.total_cents) })].join(". "));
    const category = words.known((adjusted(entry)[0] ?? entry.changes[0])?.category);
    const takenBack = REVERSALS.includes(entry.kind);
    const where = placeOf(entry, { several: said.length > 1, category: takenBack ? category : null });
    /** @type {Toast} */
    const toast = {
      kind: "own",
      key: entry.key,
      title: said.join(". "),
      text: say.priceEffect(entry.change_cents),
      category,
      about: categoriesOf(entry),
      colour: entry.author.colour,
    };
    const news = notices.shown("news");
    for (const kind of /** @type {const} */ (["own", "news", "over"])) notices.settle(kind, categoriesOf(entry));
    if (lost.length) lost.forEach(notices.show);
    else if (!entry.mine) notices.offer(where, () => newsOf(entry, toast, news));
    else if (replaced) notices.show(toast);
    else if (said.length > 1 || takenBack) notices.offer(where, toast);
  };

  // Changes of others are in the list of changes; if that is not in sight, a toast tells them,
  // added up.
  /** @param {ChangeEntry} entry @param {Toast} toast @param {Toast | undefined} earlier @returns {Toast | null} */
  function newsOf(entry, toast, earlier) {
    const own = room.changes.filter((each) => each.mine && each.version > entry.version);
    if (own.some((each) => touch(each, toast.about ?? []))) return null;
    const before = notices.shown("news") ?? earlier;
    const count = (before?.count ?? 0) + 1;
    const cents = (before?.cents ?? 0) + (entry.change_cents ?? 0);
    const text = count > 1 ? t("toast.more", { count, difference: say.priceEffect(cents) }) : toast.text;
    return { ...toast, kind: "news", text, count, cents };
  }
}

/** @param {Texts} texts @param {Words} words */
function createSayings({ t, difference }, { describeAdjustment }) {
  return {
    /** @param {ChangeEntry} entry */
    adjustmentsOf: (entry) =>
      adjusted(entry).map((change) => describeAdjustment({ change, author: entry.author, mine: entry.mine })),
    /** @param {number | undefined} cents */
    priceEffect: (cents) => (cents === undefined ? "" : cents === 0 ? t("price.same") : difference(cents)),
  };
}

// A selector of the element on the page that shows the same.
/** @param {ChangeEntry} entry @param {{ several: boolean, category: string | null }} about */
function placeOf(entry, { several, category }) {
  if (several) return `[data-notice^="${entry.key}"]`;
  if (category) return `#category-${category} .option[aria-checked="true"]`;
  return '[data-testid="history"] li';
}

// One toast for each choice of the reader that is lost, until it is closed or the choice is made
// again. If the category changes once more, the toast tells the present choice, beside the one that
// the reader had.
/** @param {Omit<Telling, "texts"> & { say: ReturnType<typeof createSayings> }} how */
function createLosses({ room, notices, words, say }) {
  /** @param {ChangeEntry} entry @returns {Toast[]} */
  return function losses(entry) {
    const told = notices.all("over").flatMap((toast) => (toast.lost ?? []).map((change) => ({ change, toast })));
    const open = new Map(told.map((each) => [each.change.category, each]));
    const before = new Map(told.map(({ change }) => [change.category, change.before]));
    const lost = lostTo(entry, room.changes.slice(1), before);
    if (entry.kind === "reset") return lost.length ? [toastOf(entry, lost, entry.change_cents)] : [];
    return lost.map((change) => {
      const toldOf = open.get(change.category)?.toast;
      const cents = toldOf ? added(toldOf.cents, entry.change_cents) : entry.change_cents;
      return toastOf(entry, [change], lost.length > 1 ? undefined : cents);
    });
  };

  /** @param {ChangeEntry} entry @param {Change[]} lost @param {number | undefined} cents @returns {Toast} */
  function toastOf(entry, lost, cents) {
    const [change] = lost;
    const extra = entry.kind === "reset" ? [] : say.adjustmentsOf(entry);
    return {
      kind: "over",
      key: `${entry.key}-${change.category}`,
      title: [words.describeLost(entry, change), ...extra].join(". "),
      text: say.priceEffect(cents),
      cents,
      category: words.known(change.category),
      about: lost.map((each) => each.category),
      lost,
      colour: entry.author.colour,
      stays: true,
    };
  }
}

// Describes a choice of this tab that was made before somebody else's was seen, and was carried out
// after it.
/** @param {ChangeEntry} entry @param {readonly ChangeEntry[]} changes @param {Words} words */
function replacedBy(entry, changes, { describeReplaced }) {
  if (!entry.askedHere || REVERSALS.includes(entry.kind)) return null;
  const askedAt = entry.seenAt - (entry.waited_ms ?? 0);
  for (const change of entry.changes.filter((each) => each.cause === "asked")) {
    const before = changes.slice(1).find((each) => touch(each, [change.category]));
    if (before && !before.mine && before.seenAt > askedAt) return describeReplaced(change, before.author.name);
  }
  return null;
}
