"""A known hole of NNI's packages that the Node decides upon; see docs/server-security.md."""

import json
import subprocess
from pathlib import Path

import nni_node
import pytest

from aerial_nni.nni_backend.nni_patches import PRELOAD, node

NNI = Path(nni_node.__path__[0])
MANY_HEADERS = """
const http = require("http");
const { Server } = require(process.argv[1]);
const server = new Server({ port: 0 }, () => {
  const headers = {};
  for (let number = 0; number < 2000; number++) headers[number.toString(36)] = "x";
  Object.assign(headers, { Connection: "Upgrade", Upgrade: "websocket" });
  const request = http.request({ headers, host: "127.0.0.1", port: server.address().port });
  request.on("response", ({ statusCode }) => console.log(statusCode) || process.exit());
  request.end();
});
"""


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("package", ["ws", "express-ws/node_modules/ws"])
def test_nni_alone_is_ended_by_many_headers(package: str, own: bool):
    """CVE-2024-37890: one request that asks for a socket ends the server."""
    program = NNI / "node" if own else node()
    done = subprocess.run(
        [program, "-e", MANY_HEADERS, NNI / "node_modules" / package],
        capture_output=True,
        text=True,
        timeout=60,
    )
    if own:
        assert (
            "TypeError: Cannot read properties of undefined (reading 'toLowerCase')" in done.stderr
        )
    else:
        assert (done.returncode, done.stdout.strip()) == (0, "431")


BODIES = """
process.env.AERIAL_NNI_LEAVE = process.argv[3];
const rest = require(process.argv[1] + "/common/globals/rest.js");
const { answers } = require(process.argv[2]).files["common/globals/rest.js"];
if (process.argv[3] !== "answers") answers(rest);
const manager = new rest.RestManager();
manager.getExpressRouter().post("/", (request, response) => response.send(request.body));
manager.getExpressApp().use("/", manager.getExpressRouter());
const server = manager.getExpressApp().listen(0, "127.0.0.1", async () => {
  const told = [];
  for (const body of JSON.parse(process.argv[4])) {
    const headers = { "Content-Type": "application/json" };
    const url = `http://127.0.0.1:${server.address().port}/`;
    const answer = await fetch(url, { method: "POST", headers, body });
    told.push([answer.status, await answer.text()]);
  }
  console.log(JSON.stringify(told));
  process.exit();
});
"""


def answered(bodies: list[str], *, leave: str = "") -> list[tuple[int, str]]:
    """Status and text that NNI's server gives for each body."""
    requests = PRELOAD.with_name("node") / "requests.cjs"
    done = subprocess.run(
        [node(), "-e", BODIES, NNI, requests, leave, json.dumps(bodies)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    return [(status, text) for status, text in json.loads(done.stdout)]


def test_a_body_that_is_no_object_is_answered_in_a_line_of_json():
    bodies = ["null", "3", '"x"', "{", '{"a": 1', "x" * 60]
    for status, text in answered(bodies, leave="answers"):  # NNI alone
        assert status == 400 and text.startswith("<!DOCTYPE html>")
    must = 'the body is not taken: it must be a JSON object, {"name": value, …}, and is '
    shown = [json.dumps(body) for body in (*bodies[:5], "x" * 40 + "…")]
    wanted = [(400, must + text.replace("\\u2026", "…")) for text in shown]
    found = answered(bodies)
    assert [(status, json.loads(text)["error"]) for status, text in found] == wanted
    assert all("\n" not in text for _, text in found)
    assert answered(['{"a": [1]}', "[1]"]) == [(200, '{"a":[1]}'), (200, "[1]")]


CHANGES = """
const { CHANGES } = require(process.argv[1]);
console.log(JSON.stringify(CHANGES));
"""


def test_what_is_changed_in_the_pages_stands_there_once():
    texts = PRELOAD.with_name("node") / "texts.cjs"
    done = subprocess.run(
        [node(), "-e", CHANGES, texts], capture_output=True, text=True, timeout=60
    )
    for name, changes in json.loads(done.stdout).items():
        script = (NNI / "static" / name).read_text(encoding="utf-8")
        for before, after in changes:
            assert script.count(before) == 1, before
            script = script.replace(before, after)
        checked = subprocess.run(
            [node(), "--check", "-"], input=script, capture_output=True, text=True, timeout=60
        )
        assert checked.returncode == 0, checked.stderr
