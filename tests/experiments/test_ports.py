import os
import socket
from collections.abc import Iterator

import pytest

from aerial_nni.experiments import ports


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


def test_a_port_that_listens_elsewhere_on_this_machine_is_busy():
    with socket.socket() as server:
        server.bind(("0.0.0.0", 0))
        server.listen()
        assert not ports.is_free(server.getsockname()[1])


@pytest.mark.parametrize("number", [0, -1, 65536])
def test_a_port_that_does_not_exist(number: int):
    with pytest.raises(ports.PortBusy, match="does not exist"):
        ports.check(number)
