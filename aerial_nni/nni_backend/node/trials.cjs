// Repairs of how NNI's manager runs trials, the tuner and TensorBoard as processes of this machine.

"use strict";

const childProcess = require("child_process");
const { randomBytes } = require("crypto");
const fs = require("fs");
const path = require("path");

const PYTHON = process.env.AERIAL_NNI_PYTHON;
const TIED = [PYTHON, "-I", "-S", path.join(__dirname, "..", "tied_process.py"), String(process.pid)];
const LOCAL = "127.0.0.1";
const PATIENCE = 3000; // a guard that lives has then ended this process
const KILLED = 137; // what shells say of SIGKILL
const WHY_KILLED =
  "killed by a signal, as the system does when memory runs out; then give a smaller --batch";
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

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
// ever writes to (NNI_OUTPUT_DIR is another), so the TensorBoard button shows nothing. Here it is the
// result folder, where that has event files, wherever the trial ran.
function outputOfTrial(exported) {
  const proto = exported.V3asV1.prototype;
  proto.getTrialOutputLocalPath = async function (trialId) {
    const runs = path.dirname(process.env.AERIAL_NNI_HOME);
    const results = path.join(runs, global.nni.args.experimentId, trialId);
    const written = fs.existsSync(path.join(results, "tensorboard"));
    return written ? results : this.v3.downloadTrialDirectory(trialId);
  };
}

// "files": training_service/v3/compat.js `getTrialFile()` joins any name to the trial's folder, and
// reads what a link in it points to.
const LOGS = new Map([
  ["trial.log", "trial.log"],
  ["stdout", "trial.stdout"],
  ["stderr", "trial.stderr"],
]);

function logsOnly(exported) {
  const proto = exported.V3asV1.prototype;
  proto.getTrialFile = async function (trialId, name) {
    if (!LOGS.has(name)) throw new Error(`${name} is none of ${[...LOGS.keys()].join(", ")}`);
    const folder = fs.realpathSync(await this.v3.downloadTrialDirectory(trialId));
    const file = path.join(folder, LOGS.get(name));
    if (!fs.lstatSync(file).isFile()) throw new Error(`${file} is no file`);
    return fs.promises.readFile(file, { encoding: "utf8" });
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

// "killed": training_service/v3/compat.js `start()` books a trial that somebody else's signal ended as
// cancelled by the user. Here it has failed, which a resume makes up for, and its log says of what.
function bookKilled(exported) {
  const proto = exported.V3asV1.prototype;
  const stopped = new Set();
  const cancel = proto.cancelTrialJob;
  proto.cancelTrialJob = function (trialId, early) {
    stopped.add(trialId);
    return cancel.call(this, trialId, early);
  };
  const start = proto.start;
  proto.start = function () {
    const register = this.v3.onTrialEnd.bind(this.v3);
    this.v3.onTrialEnd = (callback) =>
      register((trialId, time, code) => {
        const killed = (code === null || code === KILLED) && !stopped.has(trialId);
        const log = path.join(this.trialJobs[trialId]?.url ?? "", "trial.stderr");
        if (killed && fs.existsSync(log)) fs.appendFileSync(log, `error: ${WHY_KILLED}\n`);
        callback(trialId, time, killed ? KILLED : code);
      });
    return start.call(this);
  };
}

// "descriptors": common/trial_keeper/process.js `spawn()` leaves the two files of a trial's output open
// in the manager, for each trial that it has ever started.
function closeOutput(exported) {
  const proto = exported.TrialProcess.prototype;
  const spawn = proto.spawn;
  proto.spawn = async function (options) {
    const open = fs.createWriteStream;
    const files = [];
    fs.createWriteStream = (...where) => files[files.push(open(...where)) - 1];
    const started = spawn.call(this, options); // opens them before it first waits
    fs.createWriteStream = open;
    try {
      return await started;
    } finally {
      for (const file of files) file.destroy();
    }
  };
}

// "orphan": main.js lives on when the process that started it is killed. A guard of that process ends
// the manager and all else then; where that was killed too, the manager starts another. See process_reaper.py.
// The launcher may have been killed before this program had begun, so it is not asked for here.
function replaceGuard() {
  const { AERIAL_NNI_EXPERIMENT, AERIAL_NNI_LAUNCH, AERIAL_NNI_LAUNCHER, ...unmarked } = process.env;
  if (!AERIAL_NNI_LAUNCH) return;
  const look = () => {
    if (process.ppid === Number(AERIAL_NNI_LAUNCHER)) return;
    clearInterval(timer);
    const guard = ["-m", "aerial_nni.nni_backend.process_reaper", AERIAL_NNI_EXPERIMENT, AERIAL_NNI_LAUNCH];
    const start = () =>
      childProcess.spawn(PYTHON, guard, { env: unmarked, stdio: "ignore", detached: true });
    setTimeout(start, PATIENCE);
  };
  const timer = setInterval(look, 1000);
  timer.unref();
}

// "tied": common/trial_keeper/process.js `spawn()` and common/utils.js `getTunerProc()` start processes
// that live on when the manager is killed. See process_reaper.py and tied_process.py.
function tieTrials(exported) {
  const proto = exported.TrialProcess.prototype;
  const spawn = proto.spawn;
  proto.spawn = function (options) {
    if (!PYTHON) return spawn.call(this, options);
    const tied = TIED.map((word) => `'${word.replace(/'/g, `'\\''`)}'`).join(" ");
    return spawn.call(this, { ...options, command: `exec ${tied} ${options.command}` });
  };
}

function tieTuner(exported) {
  const start = exported.getTunerProc;
  exported.getTunerProc = (command, ...more) => start([...TIED, ...command], ...more);
}

// "tensorboard": extensions/nniTensorboardManager.js starts `tensorboard --bind_all` from PATH
// (not there unless the environment is activated) through a shell that splits paths at spaces, and
// imports it once in a blocking call that delays the start of the server. It makes a folder for any
// trial, wherever its name leads. TensorBoard asks for no password either, and answers whatever name it
// is asked by: it gets a secret path of its own, in its environment, and the UI opens that.
const BOARD = `
import os, sys
sys.argv += ["--path_prefix", os.environ["AERIAL_NNI_BOARD"]]
from tensorboard.main import run_main
run_main()
`;

function ownTensorboard(exported) {
  process.env.AERIAL_NNI_BOARD = `/s${randomBytes(24).toString("base64url")}`;
  const proto = exported.NNITensorboardManager.prototype;
  proto.setTensorboardVersion = function () {
    this.tensorboardVersion = process.env.AERIAL_NNI_TENSORBOARD;
  };
  const command = proto.getTensorboardStartCommand;
  proto.getTensorboardStartCommand = async function (trialIds, folders, port) {
    const [, logdir] = await command.call(this, trialIds, folders, port);
    const spec = logdir.slice(logdir.indexOf("=") + 1);
    const where = ["--logdir_spec", spec, "--host", LOCAL, "--port", String(port)];
    return [PYTHON, "-c", BOARD, ...where];
  };
  const start = proto.startTensorboardTask;
  proto.startTensorboardTask = async function ({ trials }) {
    const known = new Set((await this.nniManager.listTrialJobs()).map((job) => job.trialJobId));
    const unknown = String(trials).split(",").filter((trialId) => !known.has(trialId));
    if (unknown.length) throw new Error(`there is no trial ${unknown.join(", ")}`);
    const task = await start.call(this, { trials });
    task.port += `${process.env.AERIAL_NNI_BOARD}/`; // the UI puts it after the host's name
    return task;
  };
}

// "shell": common/utils.js `getTunerProc()` starts the tuner and TensorBoard through a shell: a
// Python path with a space fails, and killing the process by its id ends the shell only.
function withoutShell(exported) {
  const start = exported.getTunerProc;
  exported.getTunerProc = (command, stdio, folder, environment, _shell, detached) =>
    start(command, stdio, folder, environment, false, detached);
}

// "versions": common/trial_keeper/collect_platform_info.js starts a Python that imports nni, to show
// its version in the UI; the first trial waits for it.
function knownVersions(exported) {
  const run = exported.runPythonModule;
  const known = process.env.AERIAL_NNI_VERSIONS;
  exported.runPythonModule = async (name, args) =>
    known && name.endsWith(".collect_version_info") ? known : run(name, args);
}

const files = {
  "training_service/v3/compat.js": {
    attribution: answerByTrial,
    output: outputOfTrial,
    files: logsOnly,
    early: bookCancelled,
    killed: bookKilled,
  },
  "extensions/nniTensorboardManager.js": { tensorboard: ownTensorboard },
  "common/pythonScript.js": { versions: knownVersions },
  "common/utils.js": { shell: withoutShell, tied: tieTuner },
  "common/trial_keeper/process.js": { descriptors: closeOutput, tied: tieTrials },
};

module.exports = { replaceGuard, files };
