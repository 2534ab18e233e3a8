"""A real SSH server on 127.0.0.1 for this user, with keys and a configuration of its own."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from fast_experiments import free_port

KINDS = ("ed25519", "ecdsa")
"""Of the server's own keys."""


def found() -> str | None:
    """Where the server's program is."""
    return shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def make_key(path: Path, kind: str = KINDS[0]) -> None:
    """Makes a key without a passphrase, and `path`.pub."""
    make = ["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(path)]
    subprocess.run(make, check=True)


class SshServer:
    """Starts the server; `end` ends it. What comes over it has `variables` and its own home."""

    def __init__(self, folder: Path, variables: Mapping[str, str], *settings: str) -> None:
        self.port = free_port()
        self.key = folder / "key"
        self.home = folder / "home"
        self.home.mkdir(parents=True)
        for kind in KINDS:
            make_key(folder / kind, kind)
        make_key(self.key)
        self.host_keys = {kind: (folder / f"{kind}.pub").read_text().split()[:2] for kind in KINDS}
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)  # the server asks for it when root starts it
        variables = {"HOME": str(self.home), **variables}
        given = " ".join(f'"{name}={value}"' for name, value in variables.items())
        lines = (
            f"Port {self.port}",
            "ListenAddress 127.0.0.1",
            *(f"HostKey {folder / kind}" for kind in KINDS),
            f"AuthorizedKeysFile {self.key}.pub",
            "PidFile none",
            "UsePAM no",
            "StrictModes no",
            "PermitRootLogin prohibit-password",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "Subsystem sftp internal-sftp",
            f"SetEnv {given}",
            *settings,
        )
        config = folder / "sshd_config"
        config.write_text("\n".join(lines) + "\n")
        log = folder / "log"
        self._process = subprocess.Popen([str(found()), "-D", "-f", str(config), "-E", str(log)])
        self._wait(log)

    def known(self, kind: str = KINDS[0]) -> str:
        """The line of a file known_hosts that says which key this server has."""
        return " ".join([f"[127.0.0.1]:{self.port}", *self.host_keys[kind]])

    def _wait(self, log: Path) -> None:
        for _ in range(600):
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self._process.poll() is None, log.read_text()
            time.sleep(0.1)
        raise AssertionError(log.read_text())

    def end(self) -> None:
        self._process.terminate()
        self._process.wait()
