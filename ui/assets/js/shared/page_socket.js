// The socket of this page, which NiceGUI's script opens. Calls `use` with it once it is there.
//
// If no process answers for 20 s that script would load the page again, and the visitor would see
// the browser's error page. Here Socket.IO tries again by itself: the page stays, with typed texts,
// and its status says that it is not connected. Only the one change to long polling is left to the
// script.
/**
 * @import { PageSocket } from "./types.js"
 *
 * @param {(socket: PageSocket) => void} [use]
 * @returns {void}
 */
export function socketOfPage(use = () => {}) {
  const socket = window.socket;
  if (!socket) return void setTimeout(() => socketOfPage(use), 20);
  stay(socket);
  use(socket);
}

/** @param {PageSocket} socket */
export function stay(socket) {
  const scripts = socket.listeners("connect_error");
  let mayPoll = socket.io.opts.transports.length > 1;
  socket.off("connect_error");
  socket.on("connect_error", (error) => {
    if (error.message === "timeout" && !mayPoll) return;
    if (error.message === "timeout") mayPoll = false;
    scripts.forEach((tell) => tell(error));
  });
}
