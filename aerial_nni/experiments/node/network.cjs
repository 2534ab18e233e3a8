// Repairs of what NNI's Node servers let the network see.

"use strict";

const net = require("net");

const LOCAL = "127.0.0.1";
const HOST = process.env.AERIAL_NNI_HOST || LOCAL;
const REACH_LOCAL = new Set([LOCAL, "0.0.0.0", "::"]);

// "bind": rest_server/index.js `app.listen(this.port)` listens on every interface, unprotected. The
// dispatcher and the trials come over 127.0.0.1 whatever the host is.
function bind() {
  const listen = net.Server.prototype.listen;
  net.Server.prototype.listen = function (port, host, ...rest) {
    if (typeof port !== "number" || typeof host === "string") {
      return listen.call(this, port, host, ...rest);
    }
    if (!REACH_LOCAL.has(HOST)) {
      const here = net.createServer((socket) => this.emit("connection", socket));
      listen.call(here, port, LOCAL);
      this.once("close", () => here.close());
    }
    const callback = host === undefined ? rest : [host, ...rest];
    return listen.call(this, port, HOST, ...callback);
  };
}

module.exports = { bind };
