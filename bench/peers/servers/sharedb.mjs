// ShareDB with its memory database and json0.
import { createServer } from "node:http";
import WebSocketJSONStream from "@teamwork/websocket-json-stream";
import ShareDB from "sharedb";
import { WebSocketServer } from "ws";

const backend = new ShareDB();
const server = createServer();
new WebSocketServer({ server }).on("connection", (socket) => backend.listen(new WebSocketJSONStream(socket)));
server.listen(Number(process.env.PORT), "127.0.0.1");
