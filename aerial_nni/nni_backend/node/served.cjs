// What NNI's manager serves besides its own routes.

"use strict";

const path = require("path");

const STATIC = path.resolve("static"); // NNI's Node runs in its own folder

// A repair of rest_server/index.js: `add` is given the application, before NNI's routes are in it, and
// the secret part of their paths.
function before(add) {
  return (exported) => {
    const proto = exported.RestServer.prototype;
    const start = proto.start;
    proto.start = function () {
      add(global.nni.rest.getExpressApp(), this.urlPrefix ? `/${this.urlPrefix}` : "");
      return start.call(this);
    };
  };
}

module.exports = { STATIC, before };
