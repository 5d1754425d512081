/** A transport carries messages and says hello. It decides nothing. */
import type { ClientMessage } from "../client/messages.js";

export interface Transport {
  /** Send one message. After the end of the connection it is lost, as on any network. */
  send(message: ClientMessage): void;
  /** End the connection; `Heard.closed` is called. */
  close(): void;
}

export interface Heard {
  /** Called with what arrived, which has not been checked yet. */
  frame(frame: unknown): void;
  /**
   * Called once, when the connection has ended or could not be opened. `closeCode` is that of the
   * WebSocket; `why` is the reason if it was not the network.
   */
  closed(closeCode: number | null, why?: Why | null): void;
}

export interface Why {
  readonly text: string;
  /** Whether every further attempt would fail, too. */
  readonly final: boolean;
}

/** The reason when a package that is loaded on demand is missing: final in Node; a browser may find it later. */
export function notLoaded(name: string, problem: unknown): Why {
  const { code } = problem as { code?: unknown };
  return {
    text: `the package ${name} is not there: npm install ${name}`,
    final: code === "ERR_MODULE_NOT_FOUND",
  };
}

export interface Address {
  /** The address of the product, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** The bearer token of a person, or of an admin's session. A page of the product needs none. */
  readonly token: string | null;
  /** The client sends something at least this often, so that the server notices when this program hangs. */
  readonly heartbeatMs?: number;
  /** The visitor session to which tracked interactions belong. */
  readonly sessionId?: string | null;
}

export type OpenTransport = (address: Address, heard: Heard) => Transport;
