import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from aerial_nni.experiments import ports
from aerial_nni.experiments.guard import MARK


@pytest.fixture
def busy() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_free_port_passes(port: int):
    assert ports.is_free(port)
    ports.check(port)


def test_a_busy_port_says_who_holds_it_and_what_to_type(busy: int):
    with pytest.raises(ports.PortBusy) as error:
        ports.check(busy)
    free = ports.next_free(busy)
    assert free is not None and ports.is_free(free)
    assert f"port {busy} is held by process {os.getpid()}" in str(error.value)
    assert f"--port {free}" in str(error.value)


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
                ports.check(port)
        finally:
            process.kill()


def test_a_port_that_listens_elsewhere_on_this_machine_is_busy():
    with socket.socket() as server:
        server.bind(("0.0.0.0", 0))
        server.listen()
        assert not ports.is_free(server.getsockname()[1])


@pytest.mark.parametrize("number", [0, -1, 65536])
def test_a_port_that_does_not_exist(number: int):
    with pytest.raises(ports.PortBusy, match="does not exist"):
        ports.check(number)
