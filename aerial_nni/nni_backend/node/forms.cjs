// Repairs of what the web UI's pages say: see texts.cjs.

"use strict";

const fs = require("fs");
const path = require("path");

const { STATIC, before } = require("./served.cjs");
const { CHANGES } = require("./texts.cjs");

// "forms": static/static/js/616.8c67a119.chunk.js and 81.c3f571a1.chunk.js, as above.
function sayWhy(app, inside) {
  for (const [name, changes] of Object.entries(CHANGES)) {
    const file = fs.readFileSync(path.join(STATIC, name), "utf8");
    const script = changes.reduce((text, [is, should]) => text.replace(is, () => should), file);
    app.get(`${inside}/${name}`, (_, response) => response.type("js").send(script));
  }
}

module.exports = { "rest_server/index.js": { forms: before(sayWhy) } };
