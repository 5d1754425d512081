/** Socket.IO, by its official client: namespace `/configurator`, one event a message type. */
import { io, type Socket } from "socket.io-client";

import { PROTOCOL, type ClientMessage } from "../messages.js";
import type { Address, Heard, OpenTransport, Transport } from "./transport.js";

const NAMESPACE = "/configurator";

export const socketioTransport: OpenTransport = (address, heard) => new SocketIoTransport(address, heard);

class SocketIoTransport implements Transport {
  readonly #heard: Heard;
  readonly #socket: Socket;
  #closed = false;

  constructor(address: Address, heard: Heard) {
    this.#heard = heard;
    // Coming back is decided in one place for all transports, so not here.
    const manager = { reconnection: false, forceNew: true, transports: ["websocket"] };
    const hello = {
      protocol: PROTOCOL,
      ...(address.token === null ? {} : { token: address.token }),
      ...(address.sessionId ? { session_id: address.sessionId } : {}),
    };
    this.#socket = io(new URL(NAMESPACE, address.url).href, { ...manager, auth: hello });
    this.#socket.onAny((type: string, content: unknown) => {
      const known = typeof content === "object" && content !== null;
      if (!this.#closed) this.#heard.frame(known ? { type, ...content } : null);
    });
    this.#socket.on("disconnect", () => this.#end());
    this.#socket.on("connect_error", (problem) => {
      // The server's refusal has the error with it; a network that fails has none.
      const said: unknown = (problem as { data?: unknown }).data;
      if (!this.#closed && typeof said === "object" && said !== null) this.#heard.frame(said);
      this.#end();
    });
  }

  send({ type, ...content }: ClientMessage): void {
    if (this.#socket.connected) this.#socket.emit(type, content);
  }

  close(): void {
    this.#end();
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.disconnect();
    queueMicrotask(() => this.#heard.closed(null));
  }
}
