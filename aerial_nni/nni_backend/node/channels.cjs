// The command channels: between the manager, its tuner, its trials, and trial keepers elsewhere.

"use strict";

const { randomBytes } = require("crypto");

const PATIENCE = 1; // pings without an answer, five seconds apart, while a connection still counts
const OPEN = 1; // `WebSocket.OPEN`

const names = new Map(); // key -> name of a channel
const known = new Map(); // path -> server and name of a channel
let tuner = null;

// "channels": common/command_channel/websocket/server.js `handleConnection()` and http.js take
// whoever knows a channel's name, "tuner" or the id of a trial, and a second connection takes the
// place of the first. Here the address of a channel ends in a key instead of its name. One process
// is told, in its environment, and while it is connected nobody else is taken.
function keepKeys(proto) {
  const url = proto.getChannelUrl;
  proto.getChannelUrl = function (name, ip) {
    this.keys ??= new Map();
    if (!this.keys.has(name)) {
      const key = randomBytes(24).toString("base64url");
      this.keys.set(name, key);
      names.set(key, name);
      known.set(`/${global.nni.rest.urlJoin(this.path, key)}`, { server: this, name });
    }
    return url.call(this, this.keys.get(name), ip);
  };
}

function keyedSockets(exported) {
  const proto = exported.WsChannelServer.prototype;
  keepKeys(proto);
  const { start, handleConnection } = proto;
  proto.start = function () {
    if (this.path === "tuner") tuner = this;
    return start.call(this);
  };
  proto.handleConnection = function (key, socket) {
    if (names.has(key)) handleConnection.call(this, names.get(key), socket);
    else socket.terminate();
  };
}

function keyedRequests(exported) {
  const proto = exported.HttpChannelServer.prototype;
  keepKeys(proto);
  for (const handler of ["handleGet", "handlePut"]) {
    const handle = proto[handler];
    proto[handler] = function (request, response) {
      const name = names.get(request.params.channel);
      if (name === undefined) return response.sendStatus(404);
      request.params.channel = name;
      return handle.call(this, request, response);
    };
  }
}

// core/nnimanager.js `setupTuner()` puts the address together by itself.
function tellTuner(exported) {
  const start = exported.getTunerProc;
  exported.getTunerProc = (command, stdio, folder, environment, ...more) => {
    if (environment.NNI_TUNER_COMMAND_CHANNEL) {
      environment = { ...environment, NNI_TUNER_COMMAND_CHANNEL: tuner.getChannelUrl("tuner") };
    }
    return start(command, stdio, folder, environment, ...more);
  };
}

// Whether requests for a path belong to a channel.
const has = (path) => known.has(path);

// Whether a channel takes a connection: nobody has it, or who has it no longer answers.
function takes(path) {
  const { server, name } = known.get(path) ?? {};
  const present = server?.channels.get(name)?.connection;
  const alive = present?.ws.readyState === OPEN && present.missingPongs <= PATIENCE;
  return server !== undefined && !alive;
}

module.exports = {
  has,
  takes,
  files: {
    "common/command_channel/websocket/server.js": { channels: keyedSockets },
    "common/command_channel/http.js": { channels: keyedRequests },
    "common/utils.js": { channels: tellTuner },
  },
};
