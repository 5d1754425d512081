/** Raw WebSocket at `/ws`: the browser's own, Node's own, or that of `ws`. */
import { PROTOCOL } from "../client/codes.js";
import type { ClientMessage } from "../client/messages.js";
import { notLoaded, type Address, type Heard, type OpenTransport, type Transport, type Why } from "./transport.js";

const SUBPROTOCOL = "nest.v1";
const CLIENT = "nest-haus-client-js";
/** The client tells the server its heartbeat only if it is at most this slow. */
const HEARTBEAT_MS_MAX = 10_000;

/** The part of a WebSocket that is used here, of the platform or of a package. */
export interface WebSocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(text: string): void;
  close(): void;
}

export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike;

/** Opens WebSockets with `constructor`; without one, with the WebSocket of the platform, or else of `ws`. */
export function websocketTransport(constructor?: WebSocketConstructor): OpenTransport {
  return (address, heard) => new WebSocketTransport(address, heard, constructor);
}

class WebSocketTransport implements Transport {
  readonly #heard: Heard;
  #socket: WebSocketLike | null = null;
  #open = false;
  #closed = false;

  constructor(address: Address, heard: Heard, constructor?: WebSocketConstructor) {
    this.#heard = heard;
    const found = constructor ?? (globalThis.WebSocket as unknown as WebSocketConstructor | undefined);
    if (found) this.#connect(address, found);
    else {
      import("ws").then(
        (ws) => this.#connect(address, ws.WebSocket as unknown as WebSocketConstructor),
        (problem: unknown) => this.#end(null, notLoaded("ws", problem)),
      );
    }
  }

  send(message: ClientMessage): void {
    if (this.#open && !this.#closed) this.#socket?.send(JSON.stringify(message));
  }

  close(): void {
    this.#socket?.close();
    this.#end(null);
  }

  #connect(address: Address, constructor: WebSocketConstructor): void {
    if (this.#closed) return;
    let socket: WebSocketLike;
    try {
      socket = new constructor(socketUrl(address.url), [SUBPROTOCOL]);
    } catch {
      this.#end(null);
      return;
    }
    this.#socket = socket;
    socket.onopen = () => {
      this.#open = true;
      const beat = address.heartbeatMs;
      this.send({
        type: "hello",
        protocol: PROTOCOL,
        client: CLIENT,
        ...(address.token === null ? {} : { token: address.token }),
        ...(address.sessionId ? { session_id: address.sessionId } : {}),
        ...(beat !== undefined && beat >= 100 && beat <= HEARTBEAT_MS_MAX ? { heartbeat_ms: beat } : {}),
      });
    };
    socket.onmessage = (event: { data: unknown }) => {
      const frame = typeof event.data === "string" ? parsed(event.data) : null;
      if (!this.#closed) this.#heard.frame(frame);
    };
    socket.onclose = (event: { code?: number }) => this.#end(event.code ?? null);
    socket.onerror = () => undefined; // `close` follows
  }

  #end(closeCode: number | null, why: Why | null = null): void {
    if (this.#closed) return;
    this.#closed = true;
    queueMicrotask(() => this.#heard.closed(closeCode, why));
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The address of `/ws`. `url` may be any page of the product, which has an origin of its own. */
function socketUrl(url: string): string {
  const address = new URL("/ws", url);
  address.protocol = address.protocol.replace("http", "ws");
  return address.href;
}
