// The other tabs of this browser: how many changes wait unsent in them.
//
// A tab keeps its unsent changes in its own sessionStorage, where no other tab can look. So a tab asks
// over a BroadcastChannel, and each other tab answers once with its number. A tab that is frozen or
// older than this module does not answer, and in a browser without BroadcastChannel nobody does.
import { uuid7 } from "./ids.js";
import { unsentInquiries } from "./inquiry.js";
import { place } from "./storage.js";

const CHANNEL = "nest-siblings";
export const ANSWER_WITHIN_MS = 400;

// `waiting()`: the number of changes in this tab that the server has not answered.
export function createSiblings({ waiting = () => 0, storage = place("localStorage"), Channel = globalThis.BroadcastChannel, withinMs = ANSWER_WITHIN_MS } = {}) {
  const asked = new Map(); // the answers so far, by question
  const channel = open();

  // A page in a sandbox may not have one, though the browser does.
  function open() {
    try {
      const opened = Channel ? new Channel(CHANNEL) : null;
      if (opened) opened.onmessage = ({ data }) => hear(data);
      return opened;
    } catch {
      return null;
    }
  }

  function hear(message) {
    if (typeof message?.ask === "string") channel.postMessage({ re: message.ask, waiting: waiting() });
    else if (asked.has(message?.re) && Number.isInteger(message.waiting)) asked.get(message.re).push(message.waiting);
  }

  // The changes that wait in other tabs.
  async function changes() {
    if (!channel) return 0;
    const question = uuid7();
    const answers = [];
    asked.set(question, answers);
    channel.postMessage({ ask: question });
    await new Promise((over) => setTimeout(over, withinMs));
    asked.delete(question);
    return answers.reduce((sum, each) => sum + each, 0);
  }

  // What is lost beside this tab's own changes when this browser forgets its person: changes in other
  // tabs, and inquiries that are written and not sent. Interactions that wait are no work of theirs.
  async function unsent() {
    return (await changes()) + unsentInquiries(storage);
  }

  return { unsent, close: () => channel?.close() };
}
