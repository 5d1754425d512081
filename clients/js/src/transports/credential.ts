/** Connections whose token a function returns: the transport is opened when the token has arrived. */
import { Refused } from "../client/errors.js";
import type { Error as ErrorFrame, ClientMessage } from "../client/messages.js";
import type { Address, Heard, OpenTransport, Transport } from "./transport.js";

/** Returns a token or a ticket. Called before each connection, because a ticket opens only one. */
export type AskForToken = () => string | Promise<string>;

/** Opens transports with `open`, each with a token of its own. */
export function withTokenOf(ask: AskForToken, open: OpenTransport): OpenTransport {
  return (address, heard) => new AskingTransport(ask, open, address, heard);
}

class AskingTransport implements Transport {
  readonly #heard: Heard;
  #transport: Transport | null = null;
  #closed = false;

  constructor(ask: AskForToken, open: OpenTransport, known: Omit<Address, "token">, heard: Heard) {
    this.#heard = heard;
    const opened = (token: string): void => {
      if (!this.#closed) this.#transport = open({ ...known, token }, heard);
    };
    Promise.resolve()
      .then(ask)
      .then(opened, (error: unknown) => this.#failed(error));
  }

  send(message: ClientMessage): void {
    this.#transport?.send(message);
  }

  close(): void {
    if (this.#transport) this.#transport.close();
    else this.#end();
  }

  /** A `Refused` from the function is reported as the server's answer to `hello`. */
  #failed(error: unknown): void {
    if (this.#closed) return;
    if (error instanceof Refused) {
      const { code, text, retryable, retryAfterMs } = error;
      const said: ErrorFrame = { type: "error", code, message: text, retryable, retry_after_ms: retryAfterMs };
      this.#heard.frame(said);
    }
    this.#end();
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    queueMicrotask(() => this.#heard.closed(null));
  }
}
