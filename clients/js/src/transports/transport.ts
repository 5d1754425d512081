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
  /**
   * The connection has ended, or never came about; told once. `closeCode` is the WebSocket's; `why`
   * says what it was where it was not the network.
   */
  closed(closeCode: number | null, why?: Why | null): void;
}

export interface Why {
  readonly text: string;
  /** Whether no further try can help. */
  readonly final: boolean;
}

/** A package that is loaded on demand is not there: for good in Node, while a browser may find it later. */
export function notLoaded(name: string, problem: unknown): Why {
  const { code } = problem as { code?: unknown };
  return {
    text: `the package ${name} is not there: npm install ${name}`,
    final: code === "ERR_MODULE_NOT_FOUND",
  };
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
