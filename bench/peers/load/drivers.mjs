// The drivers, one for each contestant. A driver's `enter` gives a member of a room:
//   edit(writer, number)  ask for a change; resolves when the server has answered
//   net                   its TCP socket (bytes received, stop reading, reset)
//   leave()               go
//   back()                reconnect after a reset; resolves with { recovered, versions }
// and calls `seen(writer, number)` for what others changed.
import * as floor from "./drivers/floor.mjs";
import * as hocuspocus from "./drivers/hocuspocus.mjs";
import * as nest from "./drivers/nest.mjs";
import * as nestSocketio from "./drivers/nest_socketio.mjs";
import * as sharedb from "./drivers/sharedb.mjs";
import * as socketio from "./drivers/socketio.mjs";

export const drivers = { floor, hocuspocus, nest, "nest-socketio": nestSocketio, sharedb, socketio };
