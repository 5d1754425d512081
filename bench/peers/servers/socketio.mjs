// Socket.IO in memory; with REDIS_SOCKET its redis-streams adapter and connection state recovery.
import { createAdapter } from "@socket.io/redis-streams-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";

const options = { transports: ["websocket"] };
if (process.env.REDIS_SOCKET) {
  const redis = await createClient({ socket: { path: process.env.REDIS_SOCKET } }).connect();
  Object.assign(options, {
    adapter: createAdapter(redis),
    connectionStateRecovery: { maxDisconnectionDuration: 120_000 },
  });
}
new Server(Number(process.env.PORT), options).on("connection", (socket) => {
  if (!socket.recovered) socket.join(socket.handshake.auth.room);
  socket.on("edit", (edit, ack) => {
    socket.to(socket.handshake.auth.room).emit("edit", edit);
    ack();
  });
});
