// The other tabs of this browser: the number of unsent changes in them.
//
// A tab keeps its unsent changes in its own sessionStorage, which no other tab can read. A tab
// therefore asks over a BroadcastChannel, and each other tab answers once with its number. A tab
// that is frozen or older than this module does not answer, and in a browser without
// BroadcastChannel nobody does.
import { uuid7 } from "../client/ids.js";
import { unsentInquiries } from "./inquiry.js";
import { place } from "../shared/storage.js";

const CHANNEL = "nest-siblings";
export const ANSWER_WITHIN_MS = 400;

// `waiting()` returns the number of changes in this tab that the server has not answered.
/**
 * @param {{
 *   waiting?: () => number,
 *   storage?: Storage | null,
 *   Channel?: typeof BroadcastChannel,
 *   withinMs?: number,
 * }} [how]
 */
export function createOtherTabs({
  waiting = () => 0,
  storage = place("localStorage"),
  Channel = globalThis.BroadcastChannel,
  withinMs = ANSWER_WITHIN_MS,
} = {}) {
  /** @type {Map<string, number[]>} */
  const asked = new Map(); // the answers so far, by question
  const channel = open();

  // A page in a sandbox may not have a BroadcastChannel, even if the browser does.
  function open() {
    try {
      const opened = Channel ? new Channel(CHANNEL) : null;
      if (opened) opened.onmessage = ({ data }) => hear(data);
      return opened;
    } catch {
      return null;
    }
  }

  /** @param {{ ask?: unknown, re?: string, waiting?: number } | null} message */
  function hear(message) {
    if (typeof message?.ask === "string") channel?.postMessage({ re: message.ask, waiting: waiting() });
    else if (Number.isInteger(message?.waiting)) asked.get(message?.re ?? "")?.push(message?.waiting ?? 0);
  }

  // The changes that wait in other tabs.
  async function changes() {
    if (!channel) return 0;
    const question = uuid7();
    /** @type {number[]} */
    const answers = [];
    asked.set(question, answers);
    channel.postMessage({ ask: question });
    await new Promise((over) => setTimeout(over, withinMs));
    asked.delete(question);
    return answers.reduce((sum, each) => sum + each, 0);
  }

  // Count the work, beside this tab's own, that is lost when this browser forgets its person:
  // changes in other tabs, and inquiries that were written but not sent. Waiting interactions do
  // not count.
  async function unsent() {
    return (await changes()) + unsentInquiries(storage);
  }

  return { unsent, close: () => channel?.close() };
}
