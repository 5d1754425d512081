/** A client: one connection that comes back by itself, the houses it has joined, what it asks. */
import { pauseMs, RECONNECT, RESEND } from "./backoff.js";
import { ClientClosed, ClientError, QueueFull, Refused, Unreachable } from "./errors.js";
import { Listeners } from "./events.js";
import { House } from "./house.js";
import { uuid7 } from "./ids.js";
import { meant, sameName, whatAnswers } from "./rest.js";
import type * as messages from "./messages.js";
import { checkWritable, refusal } from "./sendable.js";
import type { PendingOp } from "./state.js";
import { withTokenOf, type AskForToken } from "./transports/credential.js";
import { socketioTransport } from "./transports/socketio.js";
import type { OpenTransport, Transport, Why } from "./transports/transport.js";
import { websocketTransport } from "./transports/websocket.js";
import { Watcher, type WatchOptions } from "./watch.js";

const WELCOME_MS = 10_000;
const HEARTBEAT_MS = 10_000;
/** A connection that lasted so long was a good one: the next try comes soon again. */
const STEADY_MS = 5_000;
/** So many questions may wait for their answers; then QueueFull. */
const QUESTIONS_MAX = 1024;
const ENDING: ReadonlySet<string> = new Set(["not_authenticated", "client_too_old", "foreign_origin"]);
const CLOSE_CODES: ReadonlyMap<number, string> = new Map([
  [4001, "not_authenticated"],
  [4003, "foreign_origin"],
  [4010, "client_too_old"],
]);

const TRANSPORTS = { websocket: websocketTransport(), socketio: socketioTransport() };

export interface ConnectOptions {
  /** Where the product is: `http://127.0.0.1:8080`. In a page of the product `location.origin`. */
  readonly url: string;
  /**
   * The bearer token of a person or of an admin's session; without one the page's cookie counts. Or a
   * function that is asked for one before each connection, and may give a ticket. When it throws
   * `Refused` that is taken as the server's answer; after anything else it is asked again later.
   */
  readonly token?: string | AskForToken | null;
  readonly transport?: keyof typeof TRANSPORTS | OpenTransport;
  /** What interactions of the visitor are tracked under: an inquiry then completes that session. */
  readonly sessionId?: string | null;
  /** The first connection must be there within this time; later ones are tried for ever. */
  readonly timeoutMs?: number;
  /** Nothing heard for so long: a ping. Nothing for twice as long: the connection is given up. */
  readonly heartbeatMs?: number;
  /** 0 to below 1: spreads out who comes back when. */
  readonly random?: () => number;
  /** Told of every message and of what becomes of the connection, to look for a mistake. No token. */
  readonly log?: (line: LogLine) => void;
}

/** `sent` and `heard` are messages; `connection` is a sentence. */
export type LogLine =
  | { readonly what: "sent" | "heard"; readonly message: unknown }
  | { readonly what: "connection"; readonly message: string };

/** `offline`: the connection is lost and is tried again by itself. `ended`: for good. */
export type ClientStatus = "connecting" | "online" | "offline" | "ended";

export interface ClientEvents {
  status: ClientStatus;
}

/** Connects and resolves once the server knows who this is. Throws Refused, Unreachable. */
export async function connect(options: ConnectOptions): Promise<Client> {
  const client = new Client(options);
  await client.ready;
  return client;
}

interface Question {
  readonly message: messages.ClientMessage & { readonly id: string };
  readonly resolve: (reply: messages.ServerMessage) => void;
  readonly reject: (error: ClientError) => void;
  refused: number;
}

type Timer = ReturnType<typeof setTimeout>;

export class Client {
  readonly random: () => number;
  /** Resolves with the first welcome. */
  readonly ready: Promise<void>;
  readonly #options: ConnectOptions;
  readonly #open: OpenTransport;
  readonly #token: string | null;
  /** Whether each connection has a token of its own. */
  readonly #asked: boolean;
  readonly #listeners = new Listeners<ClientEvents>();
  readonly #houses = new Set<House>();
  readonly #questions = new Map<string, Question>();
  readonly #timers = new Set<Timer>();
  #watcher: Watcher | null = null;
  #transport: Transport | null = null;
  #status: ClientStatus = "connecting";
  #person: messages.Person | null = null;
  #number = 0;
  #tries = 0;
  #trouble: string | null = null;
  #why: Why | null = null;
  #nextAttemptAt: number | null = null;
  #onlineSince = 0;
  #lastError: messages.Error | null = null;
  #tokenRefused = false;
  #heard = true;
  #welcomeTimer: Timer | null = null;
  #retryTimer: Timer | null = null;
  readonly #heartbeatMs: number;
  #pingedAt = 0;
  #heartbeat: ReturnType<typeof setInterval> | null = null;
  #firstTimer: Timer | null = null;
  #resolveReady!: () => void;
  #rejectReady!: (error: ClientError) => void;
  readonly #backOnline = () => this.#tryNow();

  constructor(options: ConnectOptions) {
    this.#options = options;
    this.#heartbeatMs = options.heartbeatMs ?? HEARTBEAT_MS;
    this.random = options.random ?? Math.random;
    const transport = options.transport ?? "websocket";
    const open = typeof transport === "string" ? TRANSPORTS[transport] : transport;
    this.#token = typeof options.token === "string" ? options.token : null;
    this.#asked = typeof options.token === "function";
    this.#open = typeof options.token === "function" ? withTokenOf(options.token, open) : open;
    this.ready = new Promise((resolve, reject) => {
      this.#resolveReady = resolve;
      this.#rejectReady = reject;
    });
    this.ready.catch(() => undefined);
    const timeoutMs = options.timeoutMs ?? 30_000;
    this.#firstTimer = setTimeout(() => void this.#giveUp(timeoutMs), timeoutMs);
    globalThis.addEventListener?.("online", this.#backOnline);
    this.#connect();
  }

  get status(): ClientStatus {
    return this.#status;
  }

  /** What was the matter with the last connection; null while all is well. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** When the next connection is tried, as `Date.now()` counts; null when none waits for its time. */
  get nextAttemptAt(): number | null {
    return this.#nextAttemptAt;
  }

  /** Who the server says this is; null before the first welcome, and for admins without a person. */
  get person(): messages.Person | null {
    return this.#person;
  }

  on<Name extends keyof ClientEvents>(
    name: Name,
    listener: (event: ClientEvents[Name]) => void,
  ): () => void {
    return this.#listeners.on(name, listener);
  }

  // ---- asking

  /** Enter a house by its code, its id or the address of its page; `pending` are ops that an earlier client left without outcome. */
  async join(house: string, { pending = [] }: { pending?: readonly PendingOp[] } = {}): Promise<House> {
    if (this.#status === "ended") throw new ClientClosed();
    const reference = meant(house);
    for (const { state, joined } of this.#houses) {
      if (sameName(state.code, reference) || sameName(state.configuration ?? "", reference)) return joined;
    }
    const entered = new House(this, this.#newId("join"), reference, pending);
    this.#houses.add(entered);
    if (this.#status === "online") entered.connected();
    return entered.joined;
  }

  /** Set the name that others see. */
  async introduce(name: string): Promise<messages.Person> {
    const reply = (await this.ask({ type: "introduce", name })) as messages.Introduced;
    this.#person = reply.person;
    return reply.person;
  }

  /** Report one interaction; resolves when it is stored. */
  async track(sessionId: string, interaction: messages.Interaction): Promise<messages.Tracked> {
    const about = { session_id: sessionId, interaction, event_id: uuid7() };
    return (await this.ask({ type: "track", ...about })) as messages.Tracked;
  }

  /** The live interactions, for admins. A second watch takes the place of the first. */
  watch(options: WatchOptions = {}): Watcher {
    this.#watcher?.end();
    const watcher = new Watcher(this, this.#newId("watch"), options);
    const problem = this.#status === "ended" ? new ClientClosed() : refusal(options);
    if (problem) {
      watcher.end(problem);
      return watcher;
    }
    this.#watcher = watcher;
    if (this.#status === "online") watcher.connected();
    return watcher;
  }

  /** End it all; what has no answer yet rejects with ClientClosed. */
  close(): void {
    this.#end(null);
  }

  // ---- for houses and watchers

  /** Send now, or never: whoever sends sends again after a reconnect. */
  send(message: messages.ClientMessage): void {
    if (this.#status !== "online") return;
    this.#options.log?.({ what: "sent", message });
    this.#transport?.send(message);
  }

  /** Ask until there is an answer, across reconnects; only what may be repeated. */
  ask(message: messages.ClientMessage): Promise<messages.ServerMessage> {
    if (this.#status === "ended") return Promise.reject(new ClientClosed());
    if (this.#questions.size >= QUESTIONS_MAX) return Promise.reject(new QueueFull(QUESTIONS_MAX));
    return new Promise((resolve, reject) => {
      checkWritable(message); // what it throws rejects
      const id = this.#newId("ask");
      const question = { message: { ...message, id }, resolve, reject, refused: 0 };
      this.#questions.set(id, question);
      this.send(question.message);
    });
  }

  forget(house: House): void {
    this.#houses.delete(house);
  }

  forgetWatcher(watcher: Watcher): void {
    if (this.#watcher === watcher) this.#watcher = null;
  }

  // ---- the connection

  #connect(): void {
    this.#retryTimer = this.#nextAttemptAt = null;
    this.#lastError = null;
    this.#note(`connecting to ${this.#options.url}`);
    const address = {
      url: this.#options.url,
      token: this.#token,
      sessionId: this.#options.sessionId ?? null,
      heartbeatMs: this.#heartbeatMs,
    };
    const transport: Transport = this.#open(address, {
      frame: (frame) => {
        if (this.#transport === transport) this.#receive(frame);
      },
      closed: (closeCode, why) => {
        if (this.#transport === transport) this.#closed(closeCode, why ?? null);
      },
    });
    this.#transport = transport;
    this.#welcomeTimer = setTimeout(() => transport.close(), WELCOME_MS);
  }

  /** No first connection in time: say what is there instead. */
  async #giveUp(timeoutMs: number): Promise<void> {
    const known = this.#lastError?.message?.en ?? this.#why?.text;
    const detail = known ?? (await whatAnswers(this.#options.url));
    if (this.#status === "connecting") this.#end(new Unreachable(this.#options.url, timeoutMs / 1000, detail));
  }

  #closed(closeCode: number | null, why: Why | null): void {
    this.#stop();
    this.#why = why;
    if (why?.final) {
      this.#end(new ClientError(`There is no way to connect: ${why.text}.`));
      return;
    }
    const wasOnline = this.#status === "online";
    const code = this.#lastError?.code ?? CLOSE_CODES.get(closeCode ?? 0);
    if (code !== undefined && ENDING.has(code) && !this.#mayHaveRunOut(code)) {
      this.#end(new Refused(this.#lastError ?? { code }));
      return;
    }
    if (wasOnline && Date.now() - this.#onlineSince > STEADY_MS) this.#tries = 0;
    const atLeastMs = this.#lastError?.retry_after_ms ?? 0;
    const pause = pauseMs(RECONNECT, this.#tries++, atLeastMs, this.random);
    this.#trouble = this.#lastError?.message?.en ?? why?.text ?? `the connection ended (${closeCode ?? "no answer"})`;
    this.#nextAttemptAt = Date.now() + pause;
    this.#note(`${this.#trouble}; again in ${Math.round(pause)} ms`);
    if (wasOnline) {
      this.#setStatus("offline");
      for (const house of [...this.#houses]) house.disconnected();
      this.#watcher?.disconnected();
    }
    this.#retryTimer = setTimeout(() => this.#connect(), pause);
  }

  /**
   * A token that was asked for may have run out on its way - a computer slept, Redis forgot it - so
   * only when the next one is refused too the server does not know this client.
   */
  #mayHaveRunOut(code: string): boolean {
    if (code !== "not_authenticated" || !this.#asked || this.#tokenRefused) return false;
    this.#tokenRefused = true;
    return true;
  }

  #tryNow(): void {
    if (this.#retryTimer === null) return;
    clearTimeout(this.#retryTimer);
    this.#connect();
  }

  #receive(content: unknown): void {
    this.#heard = true;
    this.#options.log?.({ what: "heard", message: content });
    if (typeof content !== "object" || content === null) return;
    const frame = content as messages.ServerMessage;
    if (frame.type === "welcome") return this.#welcomed(frame);
    // Browsers slow the timers of hidden pages down, but not what they hear.
    if (Date.now() - this.#pingedAt > this.#heartbeatMs / 2) this.#ping();
    if (frame.type === "pong") return;
    if (this.#answered(frame) && frame.type === "error") return;
    let concerned = false;
    for (const house of [...this.#houses]) {
      if (house.concerns(frame)) {
        concerned = true;
        house.receive(frame);
      }
    }
    this.#watcher?.receive(frame);
    if (frame.type === "error" && !concerned && !frame.re) this.#refusedHello(frame);
  }

  /** An error that answers nothing of ours: said to hello, or before the server ends a connection. */
  #refusedHello(error: messages.Error): void {
    this.#lastError = error;
    const hello = this.#status !== "online" && !ENDING.has(error.code);
    if (hello && !error.retryable) this.#end(new Refused(error));
  }

  #welcomed(frame: messages.Welcome): void {
    this.#person = frame.person ?? this.#person;
    if (this.#status === "online") return;
    this.#clear(this.#welcomeTimer);
    this.#clear(this.#firstTimer);
    this.#lastError = null;
    this.#trouble = null;
    this.#tokenRefused = false;
    this.#onlineSince = Date.now();
    this.#setStatus("online");
    this.#heard = true;
    this.#heartbeat = setInterval(() => this.#beat(), this.#heartbeatMs);
    for (const house of [...this.#houses]) house.connected();
    for (const question of [...this.#questions.values()]) this.send(question.message);
    this.#watcher?.connected();
    this.#resolveReady();
  }

  #beat(): void {
    if (this.#heard) {
      this.#heard = false;
      this.#ping();
    } else this.#transport?.close();
  }

  #ping(): void {
    this.#pingedAt = Date.now();
    this.send({ type: "ping" });
  }

  /** Whether the frame answers a question of ours. */
  #answered(frame: messages.ServerMessage): boolean {
    const re = "re" in frame ? frame.re : null;
    const question = re ? this.#questions.get(re) : undefined;
    if (!re || !question) return false;
    if (frame.type === "error" && frame.retryable) {
      const atLeastMs = frame.retry_after_ms ?? 0;
      const pause = pauseMs(RESEND, question.refused++, atLeastMs, this.random);
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        if (this.#questions.has(re)) this.send(question.message);
      }, pause);
      this.#timers.add(timer);
      return true;
    }
    this.#questions.delete(re);
    if (frame.type === "error") question.reject(new Refused(frame));
    else question.resolve(frame);
    return true;
  }

  #end(error: ClientError | null): void {
    if (this.#status === "ended") return;
    this.#trouble = error?.message ?? this.#trouble;
    this.#nextAttemptAt = null;
    this.#setStatus("ended");
    globalThis.removeEventListener?.("online", this.#backOnline);
    this.#stop();
    this.#clear(this.#retryTimer);
    this.#clear(this.#firstTimer);
    for (const timer of this.#timers) clearTimeout(timer);
    const transport = this.#transport;
    this.#transport = null;
    transport?.close();
    const refused = error instanceof Refused ? error : null;
    for (const house of [...this.#houses]) house.end((opIds) => new ClientClosed(opIds, refused));
    for (const question of this.#questions.values()) question.reject(new ClientClosed([], refused));
    this.#questions.clear();
    this.#watcher?.end(refused);
    this.#rejectReady(error ?? new ClientClosed());
  }

  /** What belongs to one connection ends with it. */
  #stop(): void {
    this.#clear(this.#welcomeTimer);
    if (this.#heartbeat !== null) clearInterval(this.#heartbeat);
    this.#heartbeat = null;
  }

  #clear(timer: Timer | null): void {
    if (timer !== null) clearTimeout(timer);
  }

  #note(message: string): void {
    this.#options.log?.({ what: "connection", message });
  }

  #setStatus(status: ClientStatus): void {
    this.#status = status;
    this.#listeners.tell("status", status);
  }

  #newId(kind: string): string {
    this.#number += 1;
    return `${kind}-${this.#number}`;
  }
}
