/** Edit a house of NEST-Haus Live together with others: see the README. */
export { Client, connect, type ClientEvents, type ClientStatus, type ConnectOptions, type LogLine } from "./client.js";
export { CODES, type Code } from "./codes.js";
export * from "./errors.js";
export { House, type AnywayOptions, type HouseEvents, type HouseStatus, type SubmitOptions } from "./house.js";
export { uuid7 } from "./ids.js";
export type * as messages from "./messages.js";
export type { Outcome } from "./messages.js";
export {
  access,
  createHouse,
  endLink,
  invite,
  log,
  read,
  redeem,
  register,
  remove,
  ticketOf,
  type CreatedHouse,
  type InviteOptions,
  type LoggedOp,
  type LogPage,
  type Registered,
  type StoredHouse,
  type Ticket,
} from "./rest.js";
export type { Operation, Selection, SingleOperation } from "./selection.js";
export { HouseState, PENDING_MAX, type Effect, type HouseView, type PendingOp, type Restored } from "./state.js";
export type { AskForToken } from "./transports/credential.js";
export type { Address, Heard, OpenTransport, Transport } from "./transports/transport.js";
export { socketioTransport, type Io, type SocketLike } from "./transports/socketio.js";
export { websocketTransport, type WebSocketConstructor, type WebSocketLike } from "./transports/websocket.js";
export { Watcher, type WatchOptions } from "./watch.js";
