// Repairs of the web UI's pages: they ask no other host for anything.

"use strict";

const { createHash } = require("crypto");
const fs = require("fs");
const path = require("path");

const { STATIC, before } = require("./served.cjs");

const FONT = path.join(__dirname, "icons", "icons.woff"); // see tests/nni_backend/make_icons.py

// Fluent UI takes its fonts from these. Texts are shown in the system's own where there is none.
const FONTS = 'window.FabricConfig = { iconBaseUrl: "./fonts/", fontBaseUrl: "" };';

// The UI's page with the fonts of this server, and the headers under which pages are shown: a browser
// loads nothing from elsewhere, and tells no other site the secret path. Styles are made by scripts.
function ownPage() {
  const file = fs.readFileSync(path.join(STATIC, "index.html"), "utf8");
  const page = file.replace("<script>", () => `<script>${FONTS}</script><script>`);
  const inline = [...page.matchAll(/<script>(.*?)<\/script>/gs)].map(([, text]) => text);
  const hashes = inline.map((text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`);
  const policy = {
    "default-src": "'self'",
    "script-src": `'self' ${hashes.join(" ")}`,
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data:",
    "font-src": "'self' data:",
    "worker-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": process.env.AERIAL_NNI_PROXY ? "https:" : "'none'", // notebooks show it so
  };
  const headers = {
    "Content-Security-Policy": Object.entries(policy).map((one) => one.join(" ")).join("; "),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
  };
  return { page, headers };
}

// "pages": static/static/js/964.da8430c5.js has the browser fetch icons and letters from a network of
// Microsoft's, which learns of it, and without which icons are boxes.
function keepToThisHost(app, inside) {
  const { page, headers } = ownPage();
  app.use((request, response, next) => {
    const sendFile = response.sendFile;
    response.sendFile = (file, ...rest) =>
      file === path.join(STATIC, "index.html")
        ? response.type("html").send(page)
        : sendFile.call(response, file, ...rest);
    response.set(headers);
    next();
  });
  app.get([inside || "/", `${inside}/index.html`], (_, response) => response.type("html").send(page));
  app.get(`${inside}/fonts/*.woff`, (_, response) => response.sendFile(FONT));
}

module.exports = { "rest_server/index.js": { pages: before(keepToThisHost) } };
