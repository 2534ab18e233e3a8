"""Which machine is taken for the one that was meant: OpenSSH's files decide, on a real server."""

import getpass
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import nni_node
import pytest
from ssh_server import SshServer, found, make_key

from aerial_nni.nni_backend.nni_patches import node, node_options

pytestmark = pytest.mark.remote

CONNECT = """
const { Client } = require("ssh2");
const client = new Client();
client.on("ready", () => console.log("in") || process.exit());
client.on("error", (error) => console.log(error.message) || process.exit());
const privateKey = require("fs").readFileSync(process.argv[2]);
client.connect({ ...JSON.parse(process.argv[1]), privateKey });
"""
Answer = Callable[..., str]


@pytest.fixture(scope="module")
def ssh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    if found() is None:
        pytest.skip("there is no SSH server here; with one: apt-get install openssh-server")
    server = SshServer(tmp_path_factory.mktemp("ssh"), {})
    yield server
    server.end()


@pytest.fixture
def known_hosts(tmp_path: Path) -> Path:
    (tmp_path / ".ssh").mkdir()
    return tmp_path / ".ssh" / "known_hosts"


@pytest.fixture
def answer(ssh: SshServer, tmp_path: Path) -> Answer:
    """What comes of a connection by NNI's SSH client with our repairs."""

    def connect(server: SshServer = ssh, **variables: str) -> str:
        where = {"host": "127.0.0.1", "port": server.port, "username": getpass.getuser()}
        done = subprocess.run(
            [node(), "-e", CONNECT, json.dumps(where), server.key],
            cwd=Path(nni_node.__path__[0]),
            env={**os.environ, **node_options(), "HOME": str(tmp_path), **variables},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert not done.stderr
        return done.stdout.strip()

    return connect


def fingerprint(ssh: SshServer, tmp_path: Path) -> str:
    (tmp_path / "sent.pub").write_text(" ".join(ssh.host_keys["ed25519"]))
    told = ["ssh-keygen", "-lf", tmp_path / "sent.pub"]
    return subprocess.run(told, capture_output=True, text=True, check=True).stdout.split()[1]


def test_nni_alone_takes_any_machine(answer: Answer):
    assert answer(AERIAL_NNI_LEAVE="host-key") == "in"


@pytest.mark.parametrize("hashed", [False, True])
@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
def test_a_known_key_of_either_kind_is_taken(
    answer: Answer, ssh: SshServer, known_hosts: Path, kind: str, hashed: bool
):
    known_hosts.write_text(
        f"# mine\nother.example {' '.join(ssh.host_keys[kind])}\n{ssh.known(kind)}\n"
    )
    if hashed:
        subprocess.run(["ssh-keygen", "-q", "-H", "-f", known_hosts], check=True)
        assert "127.0.0.1" not in known_hosts.read_text()
    assert answer() == "in"


def test_an_unknown_key_is_refused_with_its_fingerprint_and_the_line_to_type(
    answer: Answer, ssh: SshServer, known_hosts: Path, tmp_path: Path
):
    known_hosts.write_text(f"127.0.0.1 {' '.join(ssh.host_keys['ed25519'])}\n")  # of another port
    said = answer()
    assert f"the key of [127.0.0.1]:{ssh.port} is not known" in said
    assert fingerprint(ssh, tmp_path) in said
    _, _, line = said.rpartition(": ")
    subprocess.run(line, shell=True, check=True, env={**os.environ, "HOME": str(tmp_path)})
    assert answer() == "in"


def test_a_changed_key_is_refused_aloud(
    answer: Answer, ssh: SshServer, known_hosts: Path, tmp_path: Path
):
    make_key(tmp_path / "old")
    key = (tmp_path / "old.pub").read_text()
    known_hosts.write_text(f"\n[127.0.0.1]:{ssh.port} {key}")
    said = answer()
    assert said.startswith(f"THE KEY OF [127.0.0.1]:{ssh.port} HAS CHANGED")
    assert f"{known_hosts}, line 2" in said and fingerprint(ssh, tmp_path) in said
    assert f"ssh-keygen -R '[127.0.0.1]:{ssh.port}' && ssh-keyscan -p {ssh.port} 127.0.0.1" in said


def test_a_revoked_key_is_refused_though_it_is_known(
    answer: Answer, ssh: SshServer, known_hosts: Path
):
    known_hosts.write_text(f"{ssh.known()}\n@revoked {ssh.known()}\n")
    assert f"is revoked ({known_hosts}, line 2)" in answer()


def test_the_key_of_an_authority_is_no_machines(answer: Answer, ssh: SshServer, known_hosts: Path):
    known_hosts.write_text(f"@cert-authority {ssh.known()}\n")
    assert "is not known" in answer()


def test_the_cipher_from_which_messages_can_be_cut_is_not_offered(
    answer: Answer, known_hosts: Path, tmp_path: Path
):
    server = SshServer(tmp_path / "ssh", {}, "Ciphers chacha20-poly1305@openssh.com")
    try:
        known_hosts.write_text(server.known())
        assert answer(server, AERIAL_NNI_LEAVE="host-key") == "in"
        assert "no matching C->S cipher" in answer(server)
    finally:
        server.end()
