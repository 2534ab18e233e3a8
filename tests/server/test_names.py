"""The names under which NNI's Node may be asked, and who else it says can be told."""

import http.client
import os
import subprocess
from collections.abc import Iterator

import pytest

from aerial_nni.nni_backend import address
from aerial_nni.nni_backend.nni_patches import PRELOAD, node

pytestmark = pytest.mark.server

SERVER = """
require(process.argv[1]).guard(new Set());
const server = require("http").createServer((_, answer) => answer.end("taken"));
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
"""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A server of Node with the checks before it, behind a proxy with a port of its own."""
    environment = {**os.environ, "AERIAL_NNI_PROXY": "ui.example.org:8443,other.example.org"}
    command = [node(), "-e", SERVER, PRELOAD.with_name("node") / "requests.cjs"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.terminate()


def asked(port: int, **headers: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/", headers=headers)
    answer = connection.getresponse().read().decode()
    connection.close()
    return answer


@pytest.mark.parametrize("host", ["ui.example.org", "UI.example.org:8443", "127.0.0.1:9000"])
@pytest.mark.parametrize("origin", ["https://ui.example.org:8443", "https://other.example.org"])
def test_a_proxy_with_a_port_passes_pages_on(port: int, host: str, origin: str):
    assert asked(port, Host=host, Origin=origin) == "taken"


@pytest.mark.parametrize("origin", ["https://ui.example.org:8444", "https://example.org:8443"])
def test_another_port_of_the_proxy_is_another_origin(port: int, origin: str):
    assert asked(port, Host="127.0.0.1", Origin=origin) == "Origin is not this server"


def test_whom_it_does_not_know_it_tells_how_to_be_known(port: int):
    assert "AERIAL_NNI_PROXY=NAME" in asked(port, Host="vm.example.org:9000")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "127.0.0.1"])
def test_a_server_for_all_goes_by_its_full_name_too(host: str, monkeypatch: pytest.MonkeyPatch):
    names = {"gethostname": "here", "getfqdn": "here.example.org"}
    for look_up, name in names.items() if host in address.ALL else ():
        monkeypatch.setattr(f"socket.{look_up}", lambda name=name: name)
    if host not in address.ALL:  # it may take long
        monkeypatch.setattr("socket.getfqdn", lambda: pytest.fail("it was looked up"))
    found = address.Address.new(host, 8080).names
    assert found == (tuple(names.values()) if host in address.ALL else (host,))
