"""Two servers that are attacked: NNI alone, and ours; and how they are spoken to."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fast_experiments import HERE, Launched, api, ask, free_port, wait_for

from aerial_nni.nni_backend.address import running_on
from aerial_nni.nni_backend.records import NNI_DIRECTORY

ALONE = Path(__file__).with_name("nni_alone.py")


@dataclass(frozen=True)
class Target:
    """A server with one trial that runs. Who attacks it knows its secret prefix, if it has one."""

    port: int
    folder: Path
    """NNI's folder of the experiment."""

    @property
    def prefix(self) -> str:
        return urlsplit(api(self.port)).path.removesuffix("/api/v1/nni")

    @property
    def trial(self) -> str:
        return str(ask(self.port, "trial-jobs")[0]["trialJobId"])

    @property
    def trial_folder(self) -> Path:
        return self.folder / "environments" / "local-env" / "trials" / self.trial

    @property
    def profile(self) -> dict[str, Any]:
        return dict(ask(self.port, "experiment"))

    def send(self, lines: list[str], body: bytes = b"") -> bytes:
        """The answer to a request that is written as it stands, up to its end or two seconds."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as client:
            client.sendall("\r\n".join([*lines, "", ""]).encode())
            read = b""
            try:
                client.sendall(body)
                while b"\r\n\r\n" not in read and (chunk := client.recv(65536)):
                    read += chunk
                client.settimeout(2)
                while chunk := client.recv(65536):
                    read += chunk
            except (TimeoutError, ConnectionError):  # it keeps the connection, or closed it early
                pass
        return read

    def request(
        self, method: str, path: str, *headers: str, body: str = "", host: str = ""
    ) -> bytes:
        """The answer to a request under the secret prefix."""
        lines = [f"{method} {self.prefix}{path} HTTP/1.1", "Connection: close"]
        lines += [f"Host: {host or f'127.0.0.1:{self.port}'}", *headers]
        lines += [f"Content-Length: {len(body)}"] if body else []
        return self.send(lines, body.encode())

    def upgrade(self, path: str, *headers: str, host: str = "") -> bytes:
        """The answer to the opening of a WebSocket."""
        asked = ["Upgrade: websocket", "Sec-WebSocket-Version: 13"]
        key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
        lines = [f"GET {self.prefix}{path} HTTP/1.1", "Connection: Upgrade", *asked, key]
        return self.send([*lines, f"Host: {host or f'127.0.0.1:{self.port}'}", *headers])


def status(answer: bytes) -> int:
    """The status in an answer, 0 where there is none."""
    return int(answer.split()[1]) if answer.startswith(b"HTTP/1.1 ") else 0


@contextmanager
def nni_alone(folder: Path) -> Iterator[Target]:
    """NNI as it comes."""
    port = free_port()
    preloads = (HERE / "slow_start.cjs", ALONE.with_name("no_network.cjs"))
    options = {"NODE_OPTIONS": " ".join(f"--require {path}" for path in preloads)}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, **options, "HOME": str(folder), "PATH": path}
    command = [sys.executable, str(ALONE), str(port), str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment) as process:
        wait_for(lambda: ask(port, "trial-jobs"))
        yield Target(port, next(path.parent for path in (folder / "nni").glob("*/db")))
        assert process.stdin is not None
        process.stdin.close()


@contextmanager
def ours(folder: Path) -> Iterator[Target]:
    """An experiment of this package. It must survive what is done to it."""
    port = free_port()
    launched = Launched(folder, port, seeds=500)
    try:
        wait_for(lambda: running_on(port))
        wait_for(lambda: ask(port, "trial-jobs"))
        target = Target(port, folder / NNI_DIRECTORY / launched.id)
        wait_for(target.trial_folder.is_dir)
        yield target
        assert launched.process.poll() is None, launched.end()
        assert ask(port, "check-status") == {"status": "RUNNING", "errors": []}
    finally:
        launched.process.terminate()
        launched.end()
