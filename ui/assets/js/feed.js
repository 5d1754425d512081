// The time line of interactions. What is being read does not move: while the reader is scrolled
// down, has opened an entry, or has paused, new entries wait and are counted.
const KEPT = 2000;
const SHOWN = 300;

export function createFeed(reactive) {
  const state = reactive({ entries: [], waiting: [], paused: false, held: false, skipped: 0, gap: false, opened: null });

  function add(entries, skipped, gap = false) {
    state.skipped += skipped || 0;
    state.gap = state.gap || gap;
    const known = new Set();
    const fresh = [];
    for (const raw of entries) {
      const entry = normal(raw);
      if (known.has(entry.id)) continue;
      known.add(entry.id);
      fresh.push(entry);
    }
    fresh.reverse();
    const target = state.paused || state.held ? state.waiting : state.entries;
    const have = new Set([...state.waiting, ...state.entries.slice(0, 500)].map((e) => e.id));
    target.unshift(...fresh.filter((e) => !have.has(e.id)));
    if (target.length > KEPT) {
      if (target === state.waiting) state.skipped += target.length - KEPT;
      target.splice(KEPT);
    }
  }

  function release() {
    state.entries.unshift(...state.waiting.splice(0));
    state.entries.splice(KEPT);
  }

  function pause(on) {
    state.paused = on;
    if (!on) release();
  }

  function hold(on) {
    state.held = on;
    if (!on && !state.paused) release();
  }

  function filtered({ text, type, category, session }) {
    const needle = text.trim().toLowerCase();
    const out = [];
    for (const entry of state.entries) {
      if (type && entry.type !== type) continue;
      if (category && entry.category !== category) continue;
      if (session && entry.session !== session) continue;
      if (needle && !entry.search.includes(needle)) continue;
      out.push(entry);
      if (out.length >= SHOWN) break;
    }
    return out;
  }

  return { state, add, pause, hold, release, filtered, KEPT };
}

const word = (value) => (value === undefined || value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));

// Entries are what strangers sent: every field may be missing, wrong or hostile. Only text is made.
function normal(raw) {
  const entry = raw && typeof raw === "object" ? raw : { value: raw };
  const inner = entry.interaction && typeof entry.interaction === "object" ? entry.interaction : entry;
  const pick = (...names) => {
    for (const name of names) {
      if (inner[name] !== undefined && inner[name] !== null) return word(inner[name]);
      if (entry[name] !== undefined && entry[name] !== null) return word(entry[name]);
    }
    return "";
  };
  const at = Date.parse(pick("received_at", "receivedAt", "timestamp", "at"));
  const text = JSON.stringify(entry);
  return Object.freeze({
    id: pick("event_id", "eventId", "interactionId", "id") || text,
    at: Number.isFinite(at) ? at : Date.now(),
    type: pick("event_type", "eventType", "type"),
    category: pick("category"),
    element: pick("element_id", "elementId"),
    value: pick("selection_value", "selectionValue"),
    previous: pick("previous_value", "previousValue"),
    spent: pick("time_spent_ms", "time_spent", "timeSpent"),
    session: pick("session", "session_id", "sessionId"),
    code: pick("configuration_code", "configurationCode", "code"),
    search: text.toLowerCase(),
    raw: entry,
  });
}
