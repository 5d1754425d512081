/** Edit a house of NEST-Haus Live together with others: see the README. */
export { Client, connect } from "./client.js";
export { CODES, type Code } from "./client/codes.js";
export * from "./client/errors.js";
export { House } from "./client/house.js";
export { uuid7 } from "./client/ids.js";
export type * as messages from "./client/messages.js";
export type { Outcome } from "./client/messages.js";
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
export type { ClientEvents, ClientStatus, ConnectOptions, LogLine } from "./options.js";
export { PENDING_MAX } from "./client/queue.js";
export { HouseState } from "./client/state.js";
export type {
  AnywayOptions,
  Effect,
  HouseEvents,
  HouseStatus,
  HouseView,
  Operation,
  PendingOp,
  Recollection,
  Restored,
  Selection,
  Settled,
  SingleOperation,
  SubmitOptions,
} from "./client/types.js";
export type { AskForToken } from "./transports/credential.js";
export type { Address, Heard, OpenTransport, Transport } from "./transports/transport.js";
export { socketioTransport, type Io, type SocketLike } from "./transports/socketio.js";
export { websocketTransport, type WebSocketConstructor, type WebSocketLike } from "./transports/websocket.js";
export { Watcher, type WatchOptions } from "./watch.js";
