// Repairs of NNI 3.0's server, loaded into its Node by NODE_OPTIONS=--require (see repairs.py).
//
// Each repair has the address of its defect in the installed package `nni_node`, and a test in
// tests/experiments/test_repairs.py that fails once the repair is no longer needed.
// A repair whose name is in AERIAL_NNI_LEAVE (comma-separated) is left out: the tests show by this
// that NNI alone still fails.

"use strict";

const Module = require("module");
const net = require("net");
const os = require("os");
const path = require("path");

const HOST = process.env.AERIAL_NNI_HOST || "127.0.0.1";
const PYTHON = process.env.AERIAL_NNI_PYTHON;
const left = new Set((process.env.AERIAL_NNI_LEAVE || "").split(","));
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// Node started by a trial is not NNI's Node.
delete process.env.NODE_OPTIONS;

// "bind": rest_server/index.js `app.listen(this.port)` listens on every interface, unprotected.
if (!left.has("bind")) {
  const listen = net.Server.prototype.listen;
  net.Server.prototype.listen = function (port, host, ...rest) {
    if (typeof port !== "number") return listen.call(this, port, host, ...rest);
    if (typeof host === "string") return listen.call(this, port, host, ...rest);
    const callback = host === undefined ? rest : [host, ...rest];
    return listen.call(this, port, HOST, ...callback);
  };
}

// "home": common/globals/paths.js keeps its list of experiments in ~/nni-experiments whatever
// experiment_working_directory says. repairs.py does the same on the Python side.
if (!left.has("home") && process.env.AERIAL_NNI_HOME) {
  os.homedir = () => process.env.AERIAL_NNI_HOME;
}

// "attribution": training_service/v3/compat.js `start()` answers a trial's request with the next
// parameters in a queue, so with concurrent trials A runs with what is recorded for B.
// Here each request is answered with the trial's own record.
function answerByTrial(exported) {
  const proto = exported.V3asV1.prototype;
  const start = proto.start;
  proto.start = function () {
    const register = this.v3.onRequestParameter.bind(this.v3);
    this.v3.onRequestParameter = () =>
      register(async (trialId) => {
        // A placeholder stands in the list until submitTrialJob() has written the record.
        while ((this.trialJobs[trialId]?.form?.hyperParameters?.index ?? -1) < 0) await sleep(10);
        const record = this.trialJobs[trialId].form.hyperParameters.value;
        await this.v3.sendParameter(trialId, record);
      });
    return start.call(this);
  };
}

// "output": training_service/v3/compat.js `getTrialOutputLocalPath()` names a folder that no trial
// ever writes to (NNI_OUTPUT_DIR is another), so the TensorBoard button shows nothing.
function outputOfTrial(exported) {
  const proto = exported.V3asV1.prototype;
  proto.getTrialOutputLocalPath = function (trialId) {
    return this.v3.downloadTrialDirectory(trialId);
  };
}

// "early": training_service/v3/compat.js `cancelTrialJob()` notes that a trial was stopped early only
// after it has ended and was booked, as cancelled by the user. `start()` books a trial that answers
// its end with an exit code, as shells and most programs do, as failed.
function bookCancelled(exported) {
  const proto = exported.V3asV1.prototype;
  const cancelled = new Set();
  const cancel = proto.cancelTrialJob;
  proto.cancelTrialJob = function (trialId, early) {
    cancelled.add(trialId);
    if (this.trialJobs[trialId]) this.trialJobs[trialId].isEarlyStopped = Boolean(early);
    return cancel.call(this, trialId, early);
  };
  const start = proto.start;
  proto.start = function () {
    const register = this.v3.onTrialEnd.bind(this.v3);
    this.v3.onTrialEnd = (callback) =>
      register((trialId, time, code) =>
        callback(trialId, time, code && cancelled.has(trialId) ? null : code),
      );
    return start.call(this);
  };
}

// "tensorboard": extensions/nniTensorboardManager.js starts `tensorboard --bind_all` from PATH
// (not there unless the environment is activated) through a shell that splits paths at spaces, and
// imports it once in a blocking call that delays the start of the server.
function ownTensorboard(exported) {
  const proto = exported.NNITensorboardManager.prototype;
  proto.setTensorboardVersion = function () {
    this.tensorboardVersion = process.env.AERIAL_NNI_TENSORBOARD;
  };
  const command = proto.getTensorboardStartCommand;
  proto.getTensorboardStartCommand = async function (trialIds, folders, port) {
    const [, logdir] = await command.call(this, trialIds, folders, port);
    const spec = logdir.slice(logdir.indexOf("=") + 1);
    const where = ["--logdir_spec", spec, "--host", HOST, "--port", String(port)];
    return [PYTHON, "-m", "tensorboard.main", ...where];
  };
}

// "shell": common/utils.js `getTunerProc()` starts the tuner and TensorBoard through a shell: a
// Python path with a space fails, and killing the process by its id ends the shell only.
function withoutShell(exported) {
  const start = exported.getTunerProc;
  exported.getTunerProc = (command, stdio, folder, environment, _shell, detached) =>
    start(command, stdio, folder, environment, false, detached);
}

// "recover": core/nnimanager.js `addRecoveredTrialJob()` forgets the trials of a resume that was
// itself cut off before it started them, and counts on from the trials that were cut off only: new
// trials get numbers that finished trials have.
function recoverAll(exported) {
  const proto = exported.NNIManager.prototype;
  const recover = proto.addRecoveredTrialJob;
  proto.addRecoveredTrialJob = function (trials) {
    for (const trial of trials) {
      if (trial.status === "ADD_RESUMED") trial.status = "WAITING";
    }
    const recovered = recover.call(this, trials);
    const numbers = trials.map((trial) => trial.sequenceId ?? -1);
    this.experimentProfile.nextSequenceId = Math.max(-1, ...numbers) + 1;
    return recovered;
  };
}

// "versions": common/trial_keeper/collect_platform_info.js starts a Python that imports nni, to show
// its version in the UI; the first trial waits for it.
function knownVersions(exported) {
  const run = exported.runPythonModule;
  exported.runPythonModule = async (name, args) =>
    name.endsWith(".collect_version_info") ? process.env.AERIAL_NNI_VERSIONS : run(name, args);
}

// "connect": core/tuner_command_channel.js `init()` gives the tuner 10 s to start, too little on a
// busy machine. A tuner that dies is noticed by watch.py, so a minute costs nothing.
function waitForTuner(exported) {
  const proto = Object.getPrototypeOf(exported.getTunerServer());
  const init = proto.init;
  proto.init = function () {
    const timer = global.setTimeout;
    global.setTimeout = (callback, delay) => timer(callback, 6 * delay);
    try {
      return init.call(this);
    } finally {
      global.setTimeout = timer;
    }
  };
}

const REPAIRS = {
  "training_service/v3/compat.js": {
    attribution: answerByTrial,
    output: outputOfTrial,
    early: bookCancelled,
  },
  "extensions/nniTensorboardManager.js": { tensorboard: ownTensorboard },
  "common/pythonScript.js": { versions: knownVersions },
  "common/utils.js": { shell: withoutShell },
  "core/nnimanager.js": { recover: recoverAll },
  "core/tuner_command_channel.js": { connect: waitForTuner },
};

const compile = Module._extensions[".js"];
Module._extensions[".js"] = function (module, filename) {
  compile(module, filename);
  for (const [file, repairs] of Object.entries(REPAIRS)) {
    if (!filename.endsWith(path.join("nni_node", file))) continue;
    for (const [name, repair] of Object.entries(repairs)) {
      if (!left.has(name)) repair(module.exports);
    }
  }
};
