// Loaded into NNI's manager by a test: each trial takes as long to start as on a machine that is very busy.

"use strict";

const Module = require("module");

const compile = Module._extensions[".js"];
Module._extensions[".js"] = function (module, filename) {
  compile(module, filename);
  if (!filename.endsWith("trial_keeper/keeper.js")) return;
  const proto = module.exports.TrialKeeper.prototype;
  const create = proto.createTrial;
  proto.createTrial = async function (options) {
    await new Promise((resolve) => setTimeout(resolve, 15000));
    return create.call(this, options);
  };
};
