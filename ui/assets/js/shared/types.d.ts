/** Types that the screens share. Nothing loads this file at run time. */
import type { Text } from "../client/messages.js";

export type Language = "de" | "en";

/** The texts of the screens: key → language → text. */
export type Entries = Readonly<Record<string, Readonly<Partial<Record<Language, string>>>>>;

export type Values = Readonly<Record<string, unknown>>;

/** Gives the text of a key in the language of the reader, with its places filled. */
export type Translate = (key: string, values?: Values) => string;

export interface Swatch {
  readonly colour?: string;
  readonly key?: string;
}

/** One option as the catalogue in a page has it. */
export interface CatalogueOption {
  readonly id: string;
  readonly name: Text;
  readonly description?: Text | null;
  readonly swatch?: Swatch | string | null;
}

export interface QuantityRule {
  readonly minimum: number;
  readonly step?: number | null;
  readonly unit: Text;
  readonly unit_one?: Text | null;
}

export interface CatalogueCategory {
  readonly id: string;
  readonly name: Text;
  readonly description?: Text | null;
  readonly view?: string | null;
  readonly required: boolean;
  readonly quantity?: QuantityRule | null;
  readonly options: readonly CatalogueOption[];
}

export interface CatalogueView {
  readonly id: string;
  readonly name: Text;
  readonly shows: readonly string[];
}

/** The catalogue as a page has it. */
export interface Catalogue {
  readonly size_category: string;
  readonly categories: readonly CatalogueCategory[];
  readonly views: readonly CatalogueView[];
}

/** The answer of the server; `body` is its JSON, null where it sent none. */
export interface Answer {
  readonly ok: boolean;
  readonly status: number;
  // Each caller knows what the endpoint that it asked answers; it is JSON until then.
  readonly body: any;
}

/** The client of Socket.IO that NiceGUI's script leaves in `window.socket`. */
export interface PageSocket {
  readonly connected: boolean;
  readonly io: {
    readonly opts: { readonly transports: readonly string[] };
    /** The connection below. When it is closed, Socket.IO opens another one. */
    readonly engine: { close(): void };
  };
  connect(): void;
  disconnect(): void;
  on(event: "connect_error", hear: (error: Error) => void): void;
  on(event: "connect" | "disconnect", hear: () => void): void;
  off(event: string): void;
  listeners(event: string): ((error: Error) => void)[];
}

declare global {
  interface Window {
    socket?: PageSocket;
  }
  interface Document {
    readonly prerendering?: boolean;
  }
  interface Navigator {
    readonly globalPrivacyControl?: boolean;
  }
  interface WindowEventMap {
    signedout: Event;
  }
}
