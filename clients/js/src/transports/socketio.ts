/**
 * Socket.IO, by its official client: namespace `/configurator`, one event a message type.
 *
 * The official client is loaded when the first connection is opened, so that nobody else needs it.
 */
import { CODES, known, PROTOCOL } from "../client/codes.js";
import type { ClientMessage } from "../client/messages.js";
import { notLoaded, type Address, type Heard, type OpenTransport, type Transport, type Why } from "./transport.js";

const NAMESPACE = "/configurator";

/** The part of the official client that is used here; its own types need not be installed. */
export interface SocketLike {
  readonly connected: boolean;
  onAny(listener: (type: string, content: unknown) => void): unknown;
  on(event: "connect_error", listener: (problem: unknown) => void): unknown;
  on(event: "disconnect", listener: (reason: unknown, details?: unknown) => void): unknown;
  emit(type: string, content: object): unknown;
  disconnect(): unknown;
}

export type Io = (url: string, options: Record<string, unknown>) => SocketLike;

/** Opens connections with `io`; without one, with that of the package `socket.io-client`. */
export function socketioTransport(io?: Io): OpenTransport {
  return (address, heard) => new SocketIoTransport(address, heard, io);
}

class SocketIoTransport implements Transport {
  readonly #heard: Heard;
  #socket: SocketLike | null = null;
  #closed = false;

  constructor(address: Address, heard: Heard, io?: Io) {
    this.#heard = heard;
    if (io) this.#connect(address, io);
    else {
      import("socket.io-client").then(
        (official) => this.#connect(address, official.io as Io),
        (problem: unknown) => this.#end(notLoaded("socket.io-client", problem)),
      );
    }
  }

  #connect(address: Address, io: Io): void {
    if (this.#closed) return;
    // The client decides when to reconnect, for all transports.
    const manager = { reconnection: false, forceNew: true, transports: ["websocket"] };
    const hello = {
      protocol: PROTOCOL,
      ...(address.token === null ? {} : { token: address.token }),
      ...(address.sessionId ? { session_id: address.sessionId } : {}),
    };
    const socket = io(new URL(NAMESPACE, address.url).href, { ...manager, auth: hello });
    this.#socket = socket;
    socket.onAny((type: string, content: unknown) => {
      const known = typeof content === "object" && content !== null;
      if (!this.#closed) this.#heard.frame(known ? { type, ...content } : null);
    });
    socket.on("disconnect", (_reason, details) => {
      const { code, reason } = closing(details);
      this.#end(known(reason) ? { text: CODES[reason].en, final: false } : null, code);
    });
    socket.on("connect_error", (problem) => {
      // A refusal by the server carries its error; a network failure carries none.
      const said: unknown = (problem as { data?: unknown }).data;
      if (!this.#closed && typeof said === "object" && said !== null) this.#heard.frame(said);
      this.#end();
    });
  }

  send({ type, ...content }: ClientMessage): void {
    if (this.#socket?.connected) this.#socket.emit(type, content);
  }

  close(): void {
    this.#end();
  }

  #end(why: Why | null = null, closeCode: number | null = null): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket?.disconnect();
    queueMicrotask(() => this.#heard.closed(closeCode, why));
  }
}

/** How the WebSocket below was closed, as far as the official client says it; the reason is a code of ours. */
function closing(details: unknown): { code: number | null; reason: string } {
  const { context } = (details ?? {}) as { context?: { code?: unknown; reason?: unknown } };
  const { code, reason } = context ?? {};
  return { code: typeof code === "number" ? code : null, reason: typeof reason === "string" ? reason : "" };
}
