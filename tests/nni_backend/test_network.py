"""Who reaches the server: whoever knows the secret path, on this machine alone or elsewhere too."""

import contextlib
import os
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fast_experiments import fast, listening, processes, wait_for

from aerial_nni.config import run_folder
from aerial_nni.nni_backend import (
    address,
    keep_ui_open,
    ports,
    records,
    rest_client,
    stored_experiments,
)
from aerial_nni.nni_backend.address import Address, BadHost, own_address
from aerial_nni.nni_backend.lifecycle import Outcome, Settings

Run = Callable[..., Outcome]
OUTSIDE = (
    "index.html",
    "oview",
    "api/v1/nni/check-status",
    "api/v1/nni/trial-jobs",
    "logs/nnimanager.log",
    "tuner",
    "sAnotherPrefix/api/v1/nni/check-status",
)
"""Paths under which NNI's server would answer, were it not for the prefix."""


def answer(url: str) -> tuple[int, bytes]:
    """Status and content; headers are added to the content."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=20) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read() + str(error.headers).encode()


def opened_channel(port: int, path: str) -> bytes:
    """All that a WebSocket client reads there until the server closes it, or for two seconds."""
    key = "dGhlIHNhbXBsZSBub25jZQ=="
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", "Upgrade: websocket", "Connection: Upgrade"]
    lines += [f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", "", ""]
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall("\r\n".join(lines).encode())
        read = b""
        with contextlib.suppress(TimeoutError):
            while chunk := client.recv(4096):
                read += chunk
                client.settimeout(2)
    return read


def told(secret: str, runs: Path, experiment: str) -> list[str]:
    """Files and command lines with a secret that other users of this machine can read."""
    closed = {path for path in runs.rglob("*") if not path.stat().st_mode & 0o004}
    files = (path for path in runs.rglob("*") if path.is_file())
    readable = (path for path in files if not closed & {path, *path.parents})
    found = [str(path) for path in readable if secret.encode() in path.read_bytes()]
    lines = (" ".join(process.cmdline()) for process in processes(experiment))
    return found + [line for line in lines if secret in line]


@pytest.fixture
def many_open_files() -> Iterator[None]:
    """As in a notebook: what is opened from now on has a high descriptor."""
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(40)]
    yield
    for file in files:
        os.close(file)


@pytest.mark.server
@pytest.mark.usefixtures("many_open_files")
def test_an_open_server_answers_under_its_secret_path_only(
    run_fast: Run,
    runs: Path,
    port: int,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture,
):
    seen: dict[str, str] = {}

    def look(*_: object) -> bool:
        (folder,) = records.folders(runs)
        record = records.load(folder)
        base, prefix = record.url.rsplit("/", 1)
        seen["url"] = record.url
        assert base == f"http://{own_address()}:{port}"
        assert len(prefix) > address.SECRET_BYTES
        status, page = answer(f"{base}/")
        assert (status, prefix.encode() in page, record.id.encode() in page) == (200, False, False)
        assert b"python -m aerial_nni.run view ID --open" in page
        own = f"http://127.0.0.1:{port}"
        for path in OUTSIDE:
            status, content = answer(f"{base}/{path}")
            assert (status, prefix.encode() in content) == (404, False), path
        assert prefix.encode() not in opened_channel(port, "/tuner")
        api = f"{own}/{prefix}/api/v1/nni"
        assert rest_client.request("GET", f"{api}/check-status")["status"] == "DONE"
        for address_typed in (record.url, f"{record.url}/"):
            with rest_client._opener.open(address_typed) as shown:
                assert shown.url == f"{record.url}/oview" and b"<html" in shown.read()
        events = folder / record.trials[0].id / run_folder.EVENTS
        events.mkdir()
        task = rest_client.request(
            "POST", f"{api}/tensorboard", value={"trials": record.trials[0].id}
        )
        assert task["trialLogDirectoryList"] == [str(events)]
        board = ("127.0.0.1", int(task["port"].partition("/")[0]))
        wait_for(lambda: board in listening(record.id))
        assert sorted(listening(record.id)) == sorted([("0.0.0.0", port), board])
        assert told(prefix, runs, record.id) == []
        return False

    monkeypatch.setattr(keep_ui_open, "wait_for_the_end", look)
    outcome = run_fast(fast(1), host="0.0.0.0", stay=True)
    assert outcome.good
    printed = capfd.readouterr().err
    assert seen["url"] in printed
    assert "open to the network" in printed
    assert printed.index(f"checkpoint: {outcome.folder}") < printed.index("the web UI stays open")
    assert not processes(outcome.record.id)


@pytest.mark.server
def test_the_ui_of_one_that_is_over_is_opened_on_one_interface(
    run_fast: Run, runs: Path, port: int, monkeypatch: pytest.MonkeyPatch
):
    here = own_address()
    if address.is_local(here):
        pytest.skip("this machine is in no network")
    seen = []

    def look() -> None:
        seen.extend(listening(outcome.record.id))

    outcome = run_fast(fast(1), host=here)
    assert outcome.good
    assert outcome.record.url.startswith(f"http://{here}:{port}/")
    monkeypatch.setattr(stored_experiments, "wait_for_the_end", look)
    stored_experiments.view(Settings(runs=runs, port=port, host=here), outcome.record.id)
    assert sorted(seen) == sorted([(here, port), ("127.0.0.1", port)])


@pytest.mark.server
@pytest.mark.slow
def test_nni_alone_tells_its_prefix_to_everybody(
    run_fast: Run, port: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AERIAL_NNI_LEAVE", "prefix")
    seen = []

    def look(*_: object) -> bool:
        seen.append(answer(f"http://127.0.0.1:{port}/x"))
        return False

    monkeypatch.setattr(keep_ui_open, "wait_for_the_end", look)
    outcome = run_fast(fast(1), host="0.0.0.0", stay=True)
    assert outcome.record.url.rsplit("/", 1)[1].encode() in seen[0][1]


def test_an_address_that_this_machine_does_not_have():
    with pytest.raises(BadHost, match=r"--host 0\.0\.0\.0"):
        ports.take(8080, host="203.0.113.7")


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080/s"),
        ("localhost", "http://127.0.0.1:8080/s"),
        ("::1", "http://[::1]:8080/s"),
    ],
)
def test_a_server_for_this_machine_alone_has_a_secret_too(host: str, url: str):
    assert Address.new(host, 8080).url.startswith(url)


def test_every_secret_is_another():
    prefixes = {Address.new("127.0.0.1", 8080).prefix for _ in range(50)}
    assert len(prefixes) == 50
    assert all(prefix[0] == "s" and len(prefix) > 30 for prefix in prefixes)
