// Repairs of how NNI's manager makes sure that another machine is the one that was meant.

"use strict";

const { spawnSync } = require("child_process");
const { createHash } = require("crypto");
const fs = require("fs");
const os = require("os");
const path = require("path");

// The key types that ssh2 takes by itself, without RSA over SHA-1; and what a key of a type signs with.
const ALGORITHMS = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
];
const typeOf = (algorithm) => (algorithm.startsWith("rsa-sha2") ? "ssh-rsa" : algorithm);
// Whoever sits in between can cut messages out of it: CVE-2023-48795.
const CUT = "chacha20-poly1305@openssh.com";

const home = process.env.HOME || os.userInfo().homedir; // "home" gives os.homedir() another sense
const FILES = ["known_hosts", "known_hosts2"].flatMap((name) => [
  path.join(home, ".ssh", name),
  `/etc/ssh/ssh_${name}`,
]);

// What is noted of a host, by OpenSSH's own reading of the files: hashed names, ports, revoked keys.
function knownKeys(name) {
  const known = [];
  for (const file of FILES.filter((one) => fs.existsSync(one))) {
    const found = spawnSync("ssh-keygen", ["-F", name, "-f", file], { encoding: "utf8" });
    if (found.error) throw new Error(`${file} is read with ssh-keygen: ${found.error.message}`);
    let [where, revoked] = ["", false];
    for (const line of found.stdout.split("\n")) {
      const noted = line.match(/^# Host .* found: line (\d+)\s*(\w*)/);
      if (noted) [where, revoked] = [`${file}, line ${noted[1]}`, noted[2] === "REVOKED"];
      const words = line.split(" ").filter((word) => !word.startsWith("@"));
      if (noted || words.length < 3 || line.startsWith("@cert-authority")) continue;
      known.push({ type: words[1], key: words[2], where, revoked });
    }
  }
  return known;
}

// Why a key is not taken, with what to type; an empty text where it is.
function refusal(known, key, { host, port, name }) {
  const sent = known.filter((one) => one.key === key.toString("base64"));
  const revoked = sent.find((one) => one.revoked);
  if (sent.length && !revoked) return "";
  const type = key.toString("latin1", 4, 4 + key.readUInt32BE(0));
  const print = createHash("sha256").update(key).digest("base64").replace(/=+$/, "");
  const got = `it sent ${type} SHA256:${print}`;
  const note = `ssh-keyscan -p ${port} ${host} >> ~/.ssh/known_hosts`;
  const compare = `compare this fingerprint with what \`ssh-keygen -lf\` says of the key files in /etc/ssh there`;
  if (revoked) return `the key of ${name} is revoked (${revoked.where}): ${got}. Nothing was sent to it`;
  if (!known.length) return `the key of ${name} is not known: ${got}; ${compare}; if they agree: ${note}`;
  return (
    `THE KEY OF ${name} HAS CHANGED: ${got}, which is not that of ${known[0].where}. Somebody may sit ` +
    `in between; nothing was sent to it. Only where that machine has been installed anew, ${compare}; ` +
    `if they agree: ssh-keygen -R '${name}' && ${note}`
  );
}

// "host-key": training_service/remote_v3/ssh.js `connect()` and remote_machine/shellExecutor.js give
// ssh2 no `hostVerifier`: it takes any machine that answers for the one that was meant.
function checkHostKeys(exported) {
  const proto = exported.prototype;
  const connect = proto.connect;
  proto.connect = function (config) {
    const [host, port] = [config.host, Number(config.port) || 22];
    const name = port === 22 ? host : `[${host}]:${port}`;
    const known = knownKeys(name);
    const isKnown = (algorithm) => known.some(({ type }) => type === typeOf(algorithm));
    const [first, rest] = [ALGORITHMS.filter(isKnown), ALGORITHMS.filter((one) => !isKnown(one))];
    let refused = "";
    this.prependListener("error", (error) => {
      if (refused) error.message = refused;
    });
    return connect.call(this, {
      ...config,
      algorithms: { serverHostKey: [...first, ...rest], cipher: { remove: CUT } },
      hostVerifier: (key) => !(refused = refusal(known, key, { host, port, name })),
    });
  };
}

module.exports = { "node_modules/ssh2/lib/client.js": { "host-key": checkHostKeys } };
