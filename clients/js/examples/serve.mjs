// Serves the example page with the built client and passes everything else on to the product, so
// that page and product have one origin: node examples/serve.mjs, then open the address it prints.
import { readFile } from "node:fs/promises";
import http from "node:http";

const product = new URL(process.env.NEST_URL ?? "http://127.0.0.1:8080");
const files = {
  "/": ["text/html; charset=utf-8", new URL("index.html", import.meta.url)],
  "/nest-haus-client.js": [
    "text/javascript; charset=utf-8",
    new URL("../dist/nest-haus-client.browser.js", import.meta.url),
  ],
  "/socket.io-client.js": [
    "text/javascript; charset=utf-8",
    new URL("../node_modules/socket.io-client/dist/socket.io.esm.min.js", import.meta.url),
  ],
};

function passOn(request) {
  const { method, url: path, headers } = request;
  return http.request({ host: product.hostname, port: product.port, method, path, headers });
}

const server = http.createServer(async (request, response) => {
  const file = files[request.url];
  if (file) return response.writeHead(200, { "content-type": file[0] }).end(await readFile(file[1]));
  const onward = passOn(request);
  onward.on("response", (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  onward.on("error", () => response.writeHead(502).end());
  request.pipe(onward);
});

server.on("upgrade", (request, near, sentAlready) => {
  const onward = passOn(request);
  const end = () => near.destroy();
  onward.on("upgrade", (answer, far, cameAlready) => {
    const headers = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}\r\n`);
    near.write(`HTTP/1.1 101 Switching Protocols\r\n${headers.join("")}\r\n`);
    near.write(cameAlready);
    far.write(sentAlready);
    near.pipe(far).pipe(near);
    far.on("error", end).on("close", end);
    near.on("error", () => far.destroy()).on("close", () => far.destroy());
  });
  onward.on("response", end).on("error", end);
  near.on("error", () => onward.destroy());
  onward.end();
});

server.listen(Number(process.env.PORT ?? 5173), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}/`);
});
