// Repairs of NNI's manager: which trials there are, what the tuner is told and asked.

"use strict";

const { execFile } = require("child_process");
const path = require("path");

// core/commands.js: what manager and dispatcher say to each other.
const [INITIALIZED, ADD_CUSTOMIZED, NEW_TRIAL, NO_MORE] = ["ID", "AD", "TR", "NO"];
const HEARS = "hears of customized trials";

// A trial's part in its experiment: see aerial_nni/tuners/trial.py.
const [SEARCH, ADDED] = ["search", ", added"];

// "requests": core/nnimanager.js `manageTrials()` asks the tuner for one trial for each that ends, also
// while a customised trial waits, and for none when the last has been started: where the limit is
// raised later fewer trials run at once than should, or none. Here as many are asked for as are
// missing.
function askForMissing(exported) {
  const proto = exported.NNIManager.prototype;
  const request = proto.requestTrialJobs;
  const hear = proto.onTunerCommand;
  let asked = 0;
  let ready = false;
  let exhausted = true;
  proto.requestTrialJobs = function (ended) {
    if (ended > 0) exhausted = !ready;
    const free = this.experimentProfile.params.trialConcurrency - this.trialJobs.size;
    const left = this.maxTrialNum - this.currSubmittedTrialNum;
    const missing = Math.min(free, left) - this.waitingTrials.length - asked;
    if (missing < 1 || exhausted) return;
    asked += missing;
    request.call(this, missing);
  };
  proto.onTunerCommand = function (type, content) {
    if (type === INITIALIZED) ready = true; // what it has to know is sent before the first request
    if (type === NEW_TRIAL) asked = Math.max(0, asked - 1);
    if (type === NO_MORE) [asked, exhausted] = [0, true];
    return hear.call(this, type, content);
  };
}

// "customized": core/nnimanager.js `addCustomizedTrialJob()` takes a trial that a person adds in the
// UI out of the planned number and tells the tuner nothing of it. Here it comes on top, and a tuner
// that hears of it (see aerial_nni/tuners/dispatcher_events.py) is told. It may be a copy of any trial: it keeps
// what that ran with, but is of nobody's choice but the person's. A copy of a final trial has that
// one's length and seed: its score is none of the search, nor of what was planned, and its phase says
// so. What cannot run is refused, and what is too deep for the JSON of Python, which ends the tuner.
const DEEPEST = 32; // half of what aerial_nni/config/schema.py takes: records hold it in brackets of theirs
function fits(value, deeper = DEEPEST) {
  if (typeof value !== "object" || value === null) return true;
  return deeper >= 0 && Object.values(value).every((part) => fits(part, deeper - 1));
}

function asAdded({ _origin, ...parameters }) {
  const phase = parameters._phase ?? SEARCH;
  const copied = typeof phase === "string" && phase !== SEARCH && !phase.endsWith(ADDED);
  return copied ? { ...parameters, _phase: phase + ADDED } : parameters;
}

// Why no trial of this experiment can run with these parameters, or why nobody could tell; empty where
// one can: aerial_nni/recipes/added.py looks at them as the trial will.
function whyNot(parameters) {
  if (!fits(parameters)) return `its brackets are deeper than ${DEEPEST}`;
  const digits = Object.values(parameters).find((value) => Number.isInteger(value) && !Number.isSafeInteger(value));
  if (digits !== undefined) return `${digits} has more digits than a whole number keeps, which are 15`;
  const { AERIAL_NNI_PYTHON: python, AERIAL_NNI_HOME: home } = process.env;
  if (!python || !home) return "";
  const folder = path.join(path.dirname(home), global.nni.args.experimentId);
  return new Promise((resolve) => {
    const question = ["-m", "aerial_nni.recipes.added", folder];
    const child = execFile(python, question, { timeout: 60_000 }, (error, answer) =>
      resolve(error ? answer.trim() || `it could not be checked: ${error.message}` : ""),
    );
    child.stdin.on("error", () => {}); // it ended before it had read all
    child.stdin.end(JSON.stringify(parameters));
  });
}

function addOnTop(exported) {
  const proto = exported.NNIManager.prototype;
  const add = proto.addCustomizedTrialJob;
  const hear = proto.onTunerCommand;
  let hears = false;
  proto.onTunerCommand = function (type, content) {
    if (type === INITIALIZED) hears = content === HEARS;
    return hear.call(this, type, content);
  };
  proto.addCustomizedTrialJob = async function (given) {
    const sent = JSON.parse(given);
    if (Array.isArray(sent)) throw new Error("the trial was not added: it is a list, not names with values");
    const parameters = asAdded(sent);
    const problem = this.readonly ? "" : await whyNot(parameters);
    if (problem) throw new Error(`the trial was not added: ${problem}`);
    if (!this.readonly && Number.isFinite(this.maxTrialNum)) {
      this.experimentProfile.params.maxTrialNumber += 1;
      await this.storeExperimentProfile();
    }
    const number = await add.call(this, JSON.stringify(parameters));
    if (hears) {
      const told = { parameter_id: null, parameter_source: "customized", parameters };
      this.dispatcher.sendCommand(ADD_CUSTOMIZED, JSON.stringify(told));
    }
    return number;
  };
}

// "finished": core/nnimanager.js `cancelTrialJobByUser()` books a trial as cancelled that has ended.
function cancelRunningOnly(exported) {
  const proto = exported.NNIManager.prototype;
  const cancel = proto.cancelTrialJobByUser;
  proto.cancelTrialJobByUser = async function (trialId) {
    if (!this.readonly && !this.trialJobs.has(trialId)) {
      throw new Error(`trial ${trialId} is not running`);
    }
    return cancel.call(this, trialId);
  };
}

// "past": core/nnimanager.js `resumeExperiment()` tells the tuner of trials with a final result, then
// of those that go on, and not of those that failed or were stopped early. Here a tuner that hears
// of it (see aerial_nni/tuners/dispatcher_events.py) is told of all, in the order in which they were started.
function rememberAll(exported) {
  const proto = exported.NNIManager.prototype;
  const resume = proto.resumeExperiment;
  const hear = proto.onTunerCommand;
  async function exportAll() {
    const known = JSON.parse(await proto.exportData.call(this));
    const results = new Map(known.map(({ trialJobId, value }) => [trialJobId, value]));
    const latest = new Map();
    for (const metric of await this.getLatestMetricData()) {
      if (metric.type === "PERIODICAL") latest.set(metric.trialJobId, metric.data);
    }
    const jobs = await this.listTrialJobs();
    jobs.sort((one, other) => (one.sequenceId ?? -1) - (other.sequenceId ?? -1));
    const all = [];
    for (const { trialJobId, status, hyperParameters } of jobs) {
      if (!hyperParameters?.length || status === "ADD_CUSTOMIZED") continue;
      const { parameter_id, parameters } = JSON.parse(hyperParameters[0]);
      const last = (status === "EARLY_STOPPED" && latest.get(trialJobId)) || "null";
      const value = results.get(trialJobId) ?? JSON.parse(last);
      const customized = parameter_id === null;
      all.push({ parameter: parameters, value, trialJobId, status, customized });
    }
    return JSON.stringify(all);
  }
  proto.resumeExperiment = async function (readonly) {
    this.exportData = exportAll;
    try {
      return await resume.call(this, readonly);
    } finally {
      delete this.exportData;
    }
  };
  proto.onTunerCommand = function (type, content) {
    if (type === INITIALIZED && content !== HEARS && this.trialDataForTuner) {
      const known = JSON.parse(this.trialDataForTuner).filter(({ value }) => value !== null);
      this.trialDataForTuner = JSON.stringify(known);
    }
    return hear.call(this, type, content);
  };
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

// "profile": core/nnimanager.js `updateExperimentProfile()` stores whatever it is given, and nothing
// where a profile lacks a limit. Here all limits are looked at, and what else a profile has is not taken.
const COUNT = [
  "a whole number from 1 to 1000000",
  (value) => Number.isInteger(value) && value >= 1 && value <= 1e6,
];
const TIME = [
  "a time, such as 90m",
  (value) =>
    typeof value === "number"
      ? value > 0 && value <= 1e9
      : typeof value === "string" && /^\d{1,9}(\.\d{1,9})?[smhd]$/.test(value) && parseFloat(value) > 0,
];
const LIMITS = {
  MAX_TRIAL_NUM: ["maxTrialNumber", COUNT],
  TRIAL_CONCURRENCY: ["trialConcurrency", COUNT],
  MAX_EXEC_DURATION: ["maxExperimentDuration", TIME],
};

function checkLimits(exported) {
  const proto = exported.NNIManager.prototype;
  const update = proto.updateExperimentProfile;
  proto.updateExperimentProfile = async function (profile, kind) {
    if (!Object.hasOwn(LIMITS, kind)) {
      throw new Error(`${kind} cannot be changed; ${Object.keys(LIMITS).join(", ")} can`);
    }
    for (const [name, [allowed, fits]] of Object.values(LIMITS)) {
      const value = profile?.params?.[name];
      const got = `${name} is ${JSON.stringify(value)}`;
      if (!fits(value)) throw new Error(`${got}; give ${allowed}. Nothing was changed`);
    }
    return update.call(this, profile, kind);
  };
}

// "exhausted": core/nnimanager.js `getStatus()` is TUNER_NO_MORE_TRIAL as soon as the tuner has said so,
// while what it has suggested before is still being started, and in no list.
function startFirst(exported) {
  const proto = exported.NNIManager.prototype;
  const { manageTrials, requestTrialJobsStatus, getStatus } = proto;
  let ended = 0;
  proto.manageTrials = function () {
    ended = this.currSubmittedTrialNum;
    return manageTrials.call(this);
  };
  proto.requestTrialJobsStatus = async function () {
    const now = await requestTrialJobsStatus.call(this);
    ended += now;
    return now;
  };
  proto.getStatus = function () {
    const status = getStatus.call(this);
    const open = this.waitingTrials.length > 0 || this.currSubmittedTrialNum > ended;
    const early = open && status.status === "TUNER_NO_MORE_TRIAL";
    return early ? { ...status, status: "RUNNING" } : status;
  };
}

// "connect": core/tuner_command_channel.js `init()` gives the tuner 10 s to start, too little on a
// busy machine. One that dies, or does nothing, is noticed by watch.py.
function waitForTuner(exported) {
  const proto = Object.getPrototypeOf(exported.getTunerServer());
  const init = proto.init;
  proto.init = function () {
    const timer = global.setTimeout;
    global.setTimeout = () => undefined;
    try {
      return init.call(this);
    } finally {
      global.setTimeout = timer;
    }
  };
}

module.exports = {
  "core/nnimanager.js": {
    requests: askForMissing,
    customized: addOnTop,
    finished: cancelRunningOnly,
    past: rememberAll,
    recover: recoverAll,
    exhausted: startFirst,
    profile: checkLimits,
  },
  "core/tuner_command_channel.js": { connect: waitForTuner },
};
