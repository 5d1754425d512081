// Hocuspocus with its defaults; with STORE every document is kept in a file there.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { Server } from "@hocuspocus/server";
import * as Y from "yjs";

const file = (name) => `${process.env.STORE}/${name}.bin`;
const stored = process.env.STORE && {
  async onLoadDocument({ document, documentName }) {
    if (existsSync(file(documentName))) Y.applyUpdate(document, readFileSync(file(documentName)));
  },
  async onStoreDocument({ document, documentName }) {
    writeFileSync(file(documentName), Y.encodeStateAsUpdate(document));
  },
};
await new Server({ port: Number(process.env.PORT), address: "127.0.0.1", quiet: true, ...stored }).listen();
