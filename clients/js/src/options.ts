/** The options of a client, and what it tells about its connection. */
import type { AskForToken } from "./transports/credential.js";
import type { OpenTransport } from "./transports/transport.js";

export interface ConnectOptions {
  /** The address of the product, such as `http://127.0.0.1:8080`; in a page of the product `location.origin`. */
  readonly url: string;
  /**
   * The bearer token of a person or of an admin's session; without one the page's cookie counts. Or a
   * function that is called before each connection and returns a token or a ticket. If it throws
   * `Refused`, that counts as the server's answer; after any other error it is called again later.
   */
  readonly token?: string | AskForToken | null;
  readonly transport?: "websocket" | "socketio" | OpenTransport;
  /** The visitor session to which tracked interactions belong; an inquiry then completes that session. */
  readonly sessionId?: string | null;
  /** The longest wait for the first connection. A lost connection is tried again without limit. */
  readonly timeoutMs?: number;
  /** After this time without a message the client sends a ping; after twice this time it gives the connection up. */
  readonly heartbeatMs?: number;
  /** A number from 0 to below 1, which spreads the reconnects of many clients. */
  readonly random?: () => number;
  /** Called with every message and every change of the connection, for debugging. Tokens are left out. */
  readonly log?: (line: LogLine) => void;
}

/** `sent` and `heard` are messages; `connection` is a sentence. */
export type LogLine =
  | { readonly what: "sent" | "heard"; readonly message: unknown }
  | { readonly what: "connection"; readonly message: string };

/** `offline`: the connection is lost, and the client tries to connect again. `ended`: it does not. */
export type ClientStatus = "connecting" | "online" | "offline" | "ended";

export interface ClientEvents {
  status: ClientStatus;
}
