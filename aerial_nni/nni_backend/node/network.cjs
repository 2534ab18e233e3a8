// Repairs of what NNI's Node servers let the network see.

"use strict";

const fs = require("fs");
const net = require("net");

const LOCAL = "127.0.0.1";
const HOST = process.env.AERIAL_NNI_HOST || LOCAL;
// Sockets that listen on the port already (ports.py): for HOST and, where it leaves that out, for LOCAL.
const taken = (process.env.AERIAL_NNI_LISTEN || "").split(",").filter(Boolean).map(Number);

// "bind": rest_server/index.js `app.listen(this.port)` listens on every interface, unprotected, and where
// another has the port meanwhile it ends. The dispatcher and the trials come over 127.0.0.1 whatever
// the host is.
function bind() {
  const listen = net.Server.prototype.listen;
  net.Server.prototype.listen = function (port, host, ...rest) {
    if (typeof port !== "number" || typeof host === "string") {
      return listen.call(this, port, host, ...rest);
    }
    const [own, local] = taken.splice(0);
    if (local !== undefined) {
      const here = net.createServer((socket) => this.emit("connection", socket));
      listen.call(here, { fd: local });
      this.once("close", () => here.close());
    }
    const callback = host === undefined ? rest : [host, ...rest];
    const where = own === undefined ? { port, host: HOST } : { fd: own };
    return listen.call(this, where, ...callback);
  };
}

// What NNI alone, without "bind", listens on itself.
const letGo = () => taken.splice(0).forEach((socket) => fs.closeSync(socket));

module.exports = { bind, letGo };
