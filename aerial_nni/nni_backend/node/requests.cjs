// Who may ask NNI's Node servers for something, and for what: every request and every upgrade
// passes here before anything of NNI's sees it.

"use strict";

const http = require("http");

const channels = require("./channels.cjs");

const PREFIX = process.env.AERIAL_NNI_PREFIX ? `/${process.env.AERIAL_NNI_PREFIX}` : "";
const listed = (name) => (process.env[name] || "").toLowerCase().split(",").filter(Boolean);
const PROXIES = listed("AERIAL_NNI_PROXY"); // those that pass this server's pages on as theirs
const OTHERS = [...listed("AERIAL_NNI_NAMES"), ...PROXIES].map((one) => one.replace(/:\d+$/, ""));
const NAMES = ["localhost", "127.0.0.1", "[::1]", ...OTHERS];
const STRANGE = `Host is not a name of this server. If it is yours, give it when the experiment is \
started or resumed: AERIAL_NNI_PROXY=NAME, or NAME:PORT where a proxy has a port of its own`;

const LARGEST = 8 * 2 ** 20; // bytes of a body: a profile or a trial's metrics have thousands
const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE"];

// What the port says to everybody.
const PAGE = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>aerial_nni</title>
<h1>An experiment runs here</h1>
<p>Its web UI has an address that only the person who started it knows. To open it, type</p>
<pre>python -m aerial_nni.run view ID --open</pre>
<p>with the ID and the folder (<code>--runs DIR</code>) of the experiment;
<code>python -m aerial_nni.run list</code> shows what runs.</p>
</html>
`;

const API = "/api/v1/nni";
const ID = "[A-Za-z0-9]+";
const ASKED = `version|check-status|experiment|experiment-metadata|experiments-info|trial-jobs(/${ID})?|\
job-statistics|metric-data(/${ID})?|metric-data-latest|metric-data-range/\\d+/\\d+|export-data|\
trial-file/${ID}/(trial\\.log|stdout|stderr)|tensorboard/${ID}|tensorboard-tasks`;

// What the web UI and the launcher ask for. NNI's routes take capitals for small letters.
const ROUTES = {
  GET: [
    /^\/(oview|detail|experiment)$/,
    /^\/(?!(api|logs|netron)\/)([\w~-][\w.~-]*\/)*[\w~-][\w.~-]*\.(css|gif|html|ico|js|json|map|png|svg|ttf|txt|woff2?)$/i,
    /^\/logs\/(dispatcher|nnimanager)\.log$/,
    new RegExp(`^${API}/(${ASKED})$`),
  ],
  POST: [new RegExp(`^${API}/(trial-jobs|tensorboard)$`)],
  PUT: [new RegExp(`^${API}/(experiment|tensorboard/${ID})$`)],
  DELETE: [new RegExp(`^${API}/(experiment|trial-jobs/${ID}|tensorboard/${ID}|tensorboard-tasks)$`)],
};
ROUTES.HEAD = ROUTES.GET;

// "hosts": common/globals/rest.js `constructor()` answers whatever name it is asked by, and whatever
// page asks: a page of any other site can send requests to this machine, or have its own name
// resolved to it.
function hosts({ request }) {
  const { host = [], origin = [] } = request.headersDistinct;
  const [, name] = /^(\[[\da-f:.]+\]|[a-z\d.-]+)(?::\d{1,5})?$/.exec(host.join().toLowerCase()) ?? [];
  const here = request.socket.localAddress?.replace(/^::ffff:/, "");
  const ours = [...NAMES, here?.includes(":") ? `[${here}]` : here];
  if (host.length !== 1 || !ours.includes(name)) return [403, STRANGE];
  const own = [host[0].toLowerCase(), ...PROXIES].flatMap((one) => [`http://${one}`, `https://${one}`]);
  if (origin.some((one) => !own.includes(one))) return [403, "Origin is not this server"];
  const { "sec-fetch-site": site = "none", "sec-fetch-mode": mode } = request.headers;
  const inside = ["same-origin", "none"].includes(site) || mode === "navigate";
  return inside ? null : [403, "another site's page asks"];
}

// "bodies": common/globals/rest.js `express.json()` passes over a body of another type, which a page
// of another site may send without asking first, and the routes run as if it were empty.
function bodies({ request: { method, headers, headersDistinct } }) {
  if (!METHODS.includes(method)) return [405, `${method} is not answered`];
  const [type = "", ...more] = headersDistinct["content-type"] ?? [];
  const json = !more.length && type.split(";")[0].trim().toLowerCase() === "application/json";
  const length = Number(headers["content-length"] ?? 0);
  if ("transfer-encoding" in headers) return [411, "a body needs its length"];
  if (length > LARGEST) return [413, `a body has at most ${LARGEST} bytes`];
  const needed = length > 0 || ["POST", "PUT"].includes(method);
  return needed && !(json && length > 0) ? [415, "a body of application/json is needed"] : null;
}

// "prefix": rest_server/index.js `start()` answers a request outside the secret prefix with the
// prefix: 'Outside prefix "/…"'.
function prefix({ request, inside, path }) {
  if (inside === "/") return [302, `${PREFIX}/oview`]; // the page's own names are relative
  return inside === null ? [path === "/" && !request.upgrade ? 200 : 404, PAGE] : null;
}

// "routes": rest_server/restHandler.js `createRestHandler()` starts, imports and configures at any
// time, and rest_server/index.js `netronProxy()` serves another host's pages as its own.
let started = false;
function routes({ request: { method }, inside }) {
  if (inside === null) return null;
  let known = ROUTES[method]?.some((route) => route.test(inside)) || channels.has(inside);
  if (method === "POST" && inside === `${API}/experiment`) [known, started] = [!started, true];
  return known ? null : [404, "there is no such page"];
}

// "channels" has its own file.
function upgrades({ request, inside }) {
  if (!request.upgrade || inside === null) return null;
  return channels.takes(inside) ? null : [403, "this channel is another process's"];
}

// The part of a path after the prefix, null where it is outside.
function insideOf(path) {
  return path === PREFIX || path.startsWith(`${PREFIX}/`) ? path.slice(PREFIX.length) || "/" : null;
}

function refuse(answer, [status, text]) {
  const type = text === PAGE ? "text/html" : "text/plain";
  const headers = {
    "Content-Type": `${type}; charset=utf-8`,
    "Content-Length": Buffer.byteLength(text),
    Connection: "close",
    ...(status === 302 && { Location: text }),
  };
  if (answer instanceof http.ServerResponse) return answer.writeHead(status, headers).end(text);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  answer.on("error", () => {}); // it went away: an upgraded socket has nobody else to hear it
  answer.end(`HTTP/1.1 ${status} ${http.STATUS_CODES[status]}\r\n${lines.join("")}\r\n${text}`);
}

// Puts the checks before every server of this process; those of what is asked for, before NNI's own.
function guard(left) {
  const emit = http.Server.prototype.emit;
  const chosen = (checks) => Object.values(checks).filter((check) => !left.has(check.name));
  const [first, all] = [chosen({ hosts, bodies }), chosen({ hosts, bodies, prefix, routes })];
  if (!left.has("channels")) all.push(upgrades);
  http.Server.prototype.emit = function (event, ...given) {
    const [request, answer] = given;
    if (!(request instanceof http.IncomingMessage)) return emit.call(this, event, ...given);
    const path = request.url.split("?")[0];
    const asked = { request, path, inside: insideOf(path) };
    const own = this.address()?.port === global.nni?.args?.port;
    for (const check of own ? all : first) {
      const refusal = check(asked);
      if (refusal) return refuse(answer, refusal), true;
    }
    return emit.call(this, event, ...given);
  };
}

// "answers": common/globals/rest.js `constructor()` leaves a body that Express cannot read, such as
// null, 3 or "x", to the page that Express shows for any error.
function answers(exported) {
  exported.RestManager = class extends exported.RestManager {
    constructor() {
      super();
      this.router.use((error, _request, response, _next) => {
        const { status = 500, body, message } = error;
        const read = typeof body === "string";
        const found = read ? JSON.stringify(body.length > 40 ? `${body.slice(0, 40)}…` : body) : message;
        response.status(status).send({
          error: `the body is not taken: it must be a JSON object, {"name": value, …}, and is ${found}`,
        });
      });
    }
  };
}

module.exports = { guard, files: { "common/globals/rest.js": { answers } } };
