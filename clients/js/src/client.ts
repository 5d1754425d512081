/** A client: one connection, which it opens again by itself, and the houses that it joined over it. */
import { pauseMs, RECONNECT } from "./client/backoff.js";
import { ClientClosed, ClientError, Refused, Unreachable } from "./client/errors.js";
import { Listeners } from "./client/events.js";
import { House } from "./client/house.js";
import { uuid7 } from "./client/ids.js";
import type * as messages from "./client/messages.js";
import { refusal } from "./client/sendable.js";
import type { PendingOp } from "./client/types.js";
import type { ClientEvents, ClientStatus, ConnectOptions } from "./options.js";
import { Questions } from "./questions.js";
import { meant, sameName, whatAnswers } from "./rest.js";
import { withTokenOf } from "./transports/credential.js";
import { socketioTransport } from "./transports/socketio.js";
import type { OpenTransport, Transport, Why } from "./transports/transport.js";
import { websocketTransport } from "./transports/websocket.js";
import { Watcher, type WatchOptions } from "./watch.js";

const WELCOME_MS = 10_000;
const HEARTBEAT_MS = 10_000;
/** After a connection that lasted longer than this, the pauses between attempts are short again. */
const STEADY_MS = 5_000;
const ENDING: ReadonlySet<string> = new Set(["not_authenticated", "client_too_old", "foreign_origin"]);
const CLOSE_CODES: ReadonlyMap<number, string> = new Map([
  [4001, "not_authenticated"],
  [4003, "foreign_origin"],
  [4010, "client_too_old"],
]);

const TRANSPORTS = { websocket: websocketTransport(), socketio: socketioTransport() };

/** Connect; resolves when the server has said which person this is. Throws Refused, Unreachable. */
export async function connect(options: ConnectOptions): Promise<Client> {
  const client = new Client(options);
  await client.ready;
  return client;
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
  readonly #questions: Questions;
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
    this.#questions = new Questions({
      random: this.random,
      send: (message) => this.send(message),
      newId: () => this.#newId("ask"),
    });
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

  /** A sentence about the failure of the last connection; null while connected. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** The time of the next attempt to connect, as `Date.now()` counts; null while none is scheduled. */
  get nextAttemptAt(): number | null {
    return this.#nextAttemptAt;
  }

  /** The person that the server takes this client for; null before the first welcome, and for admins without a person. */
  get person(): messages.Person | null {
    return this.#person;
  }

  on<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => void): () => void {
    return this.#listeners.on(name, listener);
  }

  // ---- asking

  /**
   * Enter a house by its code, its id or the address of its page. `pending` are ops that an earlier
   * client left without an outcome: they are sent again.
   */
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

  /** The live interactions, for admins. A second watch ends the first. */
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

  /** Close the connection for good. Ops and requests without an answer reject with ClientClosed. */
  close(): void {
    this.#end(null);
  }

  // ---- for houses and watchers

  /** Send if there is a connection, else drop the message: its sender repeats it after a reconnect. */
  send(message: messages.ClientMessage): void {
    if (this.#status !== "online") return;
    this.#options.log?.({ what: "sent", message });
    this.#transport?.send(message);
  }

  /** Send a message until it is answered, over any number of connections; it must be safe to repeat. */
  ask(message: messages.ClientMessage): Promise<messages.ServerMessage> {
    if (this.#status === "ended") return Promise.reject(new ClientClosed());
    return this.#questions.ask(message);
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

  /** There was no first connection in time: end with an error that says what answers there instead. */
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
   * Whether the refused token may merely have expired on its way, because the computer slept or Redis
   * forgot it. Only a function can give another token; if that is refused, too, the refusal is final.
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
    // Browsers delay the timers of hidden pages, but not the messages that arrive there.
    if (Date.now() - this.#pingedAt > this.#heartbeatMs / 2) this.#ping();
    if (frame.type === "pong") return;
    if (this.#questions.answer(frame) && frame.type === "error") return;
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

  /** An error that answers no message with an id: it refuses `hello`, or explains why the connection ends. */
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
    this.#questions.sendAll();
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

  #end(error: ClientError | null): void {
    if (this.#status === "ended") return;
    this.#trouble = error?.message ?? this.#trouble;
    this.#nextAttemptAt = null;
    this.#setStatus("ended");
    globalThis.removeEventListener?.("online", this.#backOnline);
    this.#stop();
    this.#clear(this.#retryTimer);
    this.#clear(this.#firstTimer);
    const transport = this.#transport;
    this.#transport = null;
    transport?.close();
    const refused = error instanceof Refused ? error : null;
    for (const house of [...this.#houses]) house.end((opIds) => new ClientClosed(opIds, refused));
    this.#questions.end(new ClientClosed([], refused));
    this.#watcher?.end(refused);
    this.#rejectReady(error ?? new ClientClosed());
  }

  /** Stop the timers of one connection. */
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
