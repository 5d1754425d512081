// Small stand-ins for a browser: storage, locks, a server.
export class Storage {
  #kept = new Map();
  get length() {
    return this.#kept.size;
  }
  key(i) {
    return [...this.#kept.keys()][i] ?? null;
  }
  getItem(key) {
    return this.#kept.get(key) ?? null;
  }
  setItem(key, text) {
    this.#kept.set(key, String(text));
  }
  removeItem(key) {
    this.#kept.delete(key);
  }
  keys() {
    return [...this.#kept.keys()];
  }
}

// Locks of one browser; `close` is a tab that is gone.
export class Browser {
  storage = new Storage();
  #held = new Map();

  tab(session = new Storage()) {
    const mine = [];
    const locks = {
      request: async (name, _options, work) => {
        if (this.#held.has(name)) return work(null);
        this.#held.set(name, true);
        mine.push(name);
        try {
          return await work({ name });
        } finally {
          this.#held.delete(name);
        }
      },
    };
    return { session, locks, close: () => mine.forEach((name) => this.#held.delete(name)) };
  }
}

// Takes batches; `answers` are statuses to give first, "down" is no answer at all.
export class Server {
  batches = [];
  answers = [];

  fetch = async (_url, request) => {
    const answer = this.answers.shift() ?? 200;
    if (answer === "down") throw new TypeError("Failed to fetch");
    const [status, retryAfter] = Array.isArray(answer) ? answer : [answer, null];
    const body = JSON.parse(request.body);
    if (typeof this.refuses === "function" && this.refuses(body)) return this.#reply(400);
    if (status === 200) this.batches.push(body);
    return this.#reply(status, retryAfter);
  };

  #reply(status, retryAfter = null) {
    return { ok: status < 300, status, headers: { get: (name) => (name === "Retry-After" ? retryAfter : null) } };
  }

  get events() {
    return this.batches.flatMap((b) => b.interactions);
  }
}
