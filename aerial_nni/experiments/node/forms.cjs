// Repairs of the web UI's forms: the one in which a person adds a trial.

"use strict";

const fs = require("fs");
const path = require("path");

const { STATIC, before } = require("./served.cjs");

const FORM = "static/js/616.8c67a119.chunk.js";

// What stands there once -> what it should be. Whatever is refused, the form says "Unknown error."; text
// in the place of a number, which is no JSON, ends its script, and nothing happens.
const CHANGES = [
  [".catch((()=>{d(!0)}))},O=", ".catch((e=>{window.refusal=e.response?.data?.error;d(!0)}))},O="],
  ['subText:"Unknown error."', 'subText:window.refusal||"Unknown error."'],
  ["(e[a]=JSON.parse(e[a]))", "(e[a]=(t=>{try{return JSON.parse(t)}catch{return t}})(e[a]))"],
];

// "forms": static/static/js/616.8c67a119.chunk.js, as above.
function sayWhy(app, inside) {
  const file = fs.readFileSync(path.join(STATIC, FORM), "utf8");
  const script = CHANGES.reduce((text, [is, should]) => text.replace(is, () => should), file);
  app.get(`${inside}/${FORM}`, (_, response) => response.type("js").send(script));
}

module.exports = { "rest_server/index.js": { forms: before(sayWhy) } };
