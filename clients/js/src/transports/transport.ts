/** How messages travel. A transport moves them and says hello; it decides nothing. */
import type { ClientMessage } from "../messages.js";

export interface Transport {
  /** Send one message; what is sent after the end is lost, as on any network. */
  send(message: ClientMessage): void;
  /** End the connection; `closed` is told. */
  close(): void;
}

export interface Heard {
  /** A message of the server, not yet known to be one. */
  frame(frame: unknown): void;
  /** The connection has ended, or never came about; told once. `closeCode` is the WebSocket's. */
  closed(closeCode: number | null): void;
}

export interface Address {
  /** Where the product is: `http://127.0.0.1:8080`. */
  readonly url: string;
  /** The bearer token of a person, or of an admin's session. A page of the product needs none. */
  readonly token: string | null;
  /** Something is sent at least so often, so that silence says that this program hangs. */
  readonly heartbeatMs?: number;
  /** What interactions of the visitor are tracked under, if anything. */
  readonly sessionId?: string | null;
}

export type OpenTransport = (address: Address, heard: Heard) => Transport;
