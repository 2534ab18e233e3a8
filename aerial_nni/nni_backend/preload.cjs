// Repairs of NNI 3.0's server, loaded into its Node by NODE_OPTIONS=--require (see nni_patches.py).
//
// Each repair, here and in node/, has the address of its defect in the installed package `nni_node`,
// and a test in tests/nni_backend/test_nni_patches.py that fails once the repair is no longer needed.
// A repair whose name is in AERIAL_NNI_LEAVE (comma-separated) is left out: the tests show by this
// that NNI alone still fails.

"use strict";

const Module = require("module");
const os = require("os");
const path = require("path");
const util = require("util");

const channels = require("./node/channels.cjs");
const network = require("./node/network.cjs");
const requests = require("./node/requests.cjs");
const trials = require("./node/trials.cjs");

const left = new Set((process.env.AERIAL_NNI_LEAVE || "").split(","));

// Node started by a trial is not NNI's Node.
delete process.env.NODE_OPTIONS;

// The secret path comes in the environment: every user of the machine can read command lines.
if (process.env.AERIAL_NNI_PREFIX) {
  process.argv.push("--url-prefix", process.env.AERIAL_NNI_PREFIX);
  delete process.env.AERIAL_NNI_PREFIX;
}

if (left.has("bind")) network.letGo();
else network.bind();
requests.guard(left);
if (!left.has("orphan")) trials.replaceGuard();

// "home": common/globals/paths.js keeps its list of experiments in ~/nni-experiments whatever
// experiment_working_directory says. nni_patches.py does the same on the Python side.
if (!left.has("home") && process.env.AERIAL_NNI_HOME) {
  os.homedir = () => process.env.AERIAL_NNI_HOME;
}

// "dates": ssh2's lib/protocol/SFTP.js takes a function that Node has no more since version 23.
if (!left.has("dates")) util.isDate ??= util.types.isDate;

const REPAIRS = [
  require("./node/pages.cjs"),
  require("./node/forms.cjs"),
  require("./node/manager.cjs"),
  trials.files,
  require("./node/machine.cjs"),
  require("./node/hosts.cjs"),
  channels.files,
  requests.files,
].flatMap(Object.entries);

const compile = Module._extensions[".js"];
Module._extensions[".js"] = function (module, filename) {
  compile(module, filename);
  for (const [file, repairs] of REPAIRS) {
    if (!filename.endsWith(path.join("nni_node", file))) continue;
    for (const [name, repair] of Object.entries(repairs)) {
      if (!left.has(name)) repair(module.exports);
    }
  }
};
