// Repairs of trials on other machines, which NNI reaches over SSH.

"use strict";

// "install": training_service/remote_v3/worker.js `start()` upgrades NNI on the other machine, from
// the network, at each start of an experiment.
function leaveInstalled(exported) {
  const proto = exported.Worker.prototype;
  const start = proto.start;
  proto.start = function () {
    const run = this.ssh.run;
    this.ssh.run = async (command) =>
      command.endsWith("-m pip install nni --upgrade") ? "" : run.call(this.ssh, command);
    return start.call(this);
  };
}

// "keeper": training_service/remote_v3/worker.js `launchTrialKeeperDaemon()` starts a Node on the
// other machine, the one that NNI brings, that listens to its network as the manager does on this one.
// Here it is started as the manager is, by the program and with the repairs that are installed there.
function repairKeeper(exported) {
  const proto = exported.Worker.prototype;
  const launch = proto.launchTrialKeeperDaemon;
  proto.launchTrialKeeperDaemon = async function () {
    const run = this.ssh.run;
    this.ssh.run = async (command) => {
      const said = await run.call(
        this.ssh,
        command.replace("nni.tools.nni_manager_scripts.launch_trial_keeper", "aerial_nni.nni_backend.keeper"),
      );
      const folder = command.includes("create_trial_keeper_dir"); // the channel's address is written there
      if (folder) await run.call(this.ssh, `chmod 700 '${said.replace(/'/g, `'\\''`)}'`);
      return said;
    };
    try {
      return await launch.call(this);
    } finally {
      this.ssh.run = run;
    }
  };
}

// "keeper-end": common/trial_keeper/main.js ends when the manager is gone, and leaves its trials.
function endWithTrials(exported) {
  const proto = exported.TrialKeeper.prototype;
  const start = proto.start;
  proto.start = function () {
    if (global.nni.args.environmentId) {
      global.nni.shutdown.register("TrialKeeper", () => this.shutdown());
    }
    return start.call(this);
  };
}

module.exports = {
  "training_service/remote_v3/worker.js": { install: leaveInstalled, keeper: repairKeeper },
  "common/trial_keeper/keeper.js": { "keeper-end": endWithTrials },
};
