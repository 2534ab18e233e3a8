import errno
import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from aerial_nni.nni_backend import ports
from aerial_nni.nni_backend.process_reaper import MARK


@pytest.fixture
def busy() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_free_port_is_taken_once(port: int):
    assert ports.is_free(port)
    taken = ports.take(port)
    with pytest.raises(ports.PortBusy, match=f"held by process {os.getpid()}"):
        ports.take(port)
    taken.close()
    ports.take(port).close()


def test_a_busy_port_says_who_holds_it_and_what_to_type(busy: int):
    with pytest.raises(ports.PortBusy, match=r"add: --port \d+$") as error:
        ports.take(busy)
    assert f"port {busy} is held by process {os.getpid()}" in str(error.value)
    ports.take(int(str(error.value).split()[-1])).close()


def test_where_no_port_is_typed_the_next_free_one_is_taken_and_said(
    busy: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    monkeypatch.setattr(ports, "USUAL", busy)
    first, second = ports.take(None), ports.take(None)
    first.close()
    second.close()
    assert busy < first.port < second.port
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith(f"port {busy} is held by process {os.getpid()}")
    assert told[0].endswith(f": the web UI is on port {first.port}")
    assert len(told) == 2


@pytest.mark.long
def test_twenty_at_once_have_twenty_ports(busy: int):
    """Processes, since a port is taken from other experiments."""
    code = (
        f"from aerial_nni.nni_backend import ports; ports.USUAL = {busy}\n"
        "input(); taken = ports.take(None); print(taken.port, flush=True); input()"
    )
    command = [sys.executable, "-c", code]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    started = [subprocess.Popen(command, text=True, **pipes) for _ in range(20)]
    try:
        for line in ("take\n", "end\n"):
            for process in started:
                assert process.stdin is not None
                process.stdin.write(line)
                process.stdin.flush()
            if line == "take\n":
                taken = [int(process.stdout.readline()) for process in started if process.stdout]
    finally:
        for process in started:
            process.communicate()
    assert len(set(taken)) == 20


def test_a_port_below_1024_is_not_said_to_be_held_where_it_is_forbidden(
    monkeypatch: pytest.MonkeyPatch,
):
    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket, "create_server", forbidden)
    with pytest.raises(ports.PortBusy, match="not for this user .* from 1024 on"):
        ports.take(80)


def test_a_port_that_an_experiment_holds_is_called_by_its_id(port: int):
    code = f"import socket; s = socket.create_server(('127.0.0.1', {port})); print(1); input()"
    with subprocess.Popen(
        [sys.executable, "-uc", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, MARK: "abcd1234"},
    ) as process:
        assert process.stdout is not None and process.stdout.readline()
        try:
            with pytest.raises(ports.PortBusy, match=f"held by experiment abcd1234.*{process.pid}"):
                ports.take(port)
        finally:
            process.kill()


@pytest.mark.parametrize("host", ["0.0.0.0", "::1"])
def test_a_port_that_listens_where_localhost_leads_is_busy(
    host: str, monkeypatch: pytest.MonkeyPatch
):
    look_up, names = socket.getaddrinfo, {"localhost": host}
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda name, *more: look_up(names.get(name, name), *more)
    )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as server:
        assert not ports.is_free(server.getsockname()[1])


@pytest.mark.parametrize("host", ["localhost", "0.0.0.0", "::1", "::"])
def test_a_port_is_taken_for_this_machine_whatever_the_host(port: int, host: str):
    taken = ports.take(port, host=host)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10):
            pass
    finally:
        taken.close()


@pytest.mark.parametrize("number", [0, -1, 65536])
def test_a_port_that_does_not_exist(number: int):
    with pytest.raises(ports.PortBusy, match="does not exist"):
        ports.take(number)


def test_who_only_tries_a_port_holds_it_for_nobody(port: int, monkeypatch: pytest.MonkeyPatch):
    trying = ports.Taken(port, host="127.0.0.1")

    def let_go(_: float) -> None:
        trying.close()

    monkeypatch.setattr(ports, "holder", lambda _: ports.UNSEEN)
    monkeypatch.setattr(ports.time, "sleep", let_go)
    ports.take(port).close()
