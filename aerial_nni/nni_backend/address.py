"""Where the web UI is: under a path that nobody can guess, on this machine alone or for others too.

NNI's server asks for no password: whoever reaches it can read logs, end the experiment and run
programs as the user who started it. Every user of a machine reaches its 127.0.0.1.
"""

import contextlib
import ipaddress
import secrets
import socket
from dataclasses import dataclass

import psutil

from aerial_nni.config.errors import UserError

LOCAL = "127.0.0.1"
ALL = ("0.0.0.0", "::")
"""Hosts that stand for every interface of this machine."""

SECRET_BYTES = 24

PREFIX = "AERIAL_NNI_PREFIX"
"""Environment variable in which NNI's manager is told its secret: command lines are public."""


class BadHost(UserError, ValueError):
    """This machine has no such address. The message says what to type."""


def is_local(host: str) -> bool:
    """Whether only this machine reaches a server that listens on `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_host(host: str) -> None:
    """Returns when a server can listen on `host`.

    Raises:
        BadHost: it cannot.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as server:
            server.bind((host, 0))
    except OSError as error:
        problem = f"{host} is no address of this machine ({error})"
        raise BadHost(f"{problem}; for all of them: --host 0.0.0.0") from error


def own_address() -> str:
    """The address under which other machines see this one, as far as it can be told."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # documentation's address: nothing is sent
            return str(probe.getsockname()[0])
        except OSError:  # no network
            return socket.gethostname()


def running_on(port: int) -> str | None:
    """The address of the web UI that this user runs on the port; None where there is none."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):  # gone meanwhile, or another user's
            prefix, command = process.environ().get(PREFIX), process.cmdline()
            if prefix and f"--port {port} " in f"{' '.join(command)} ":
                return Address(LOCAL, port, prefix).url
    return None


def bracketed(host: str) -> str:
    """A host as it stands in a URL."""
    return f"[{host}]" if ":" in host else host


@dataclass(frozen=True)
class Address:
    """Host and port on which the server listens, and the secret first part of its paths."""

    host: str
    port: int
    prefix: str

    @classmethod
    def new(cls, host: str, port: int) -> "Address":
        """An address with a secret of its own."""
        # The letter: NNI's command line takes a value that begins with - for a flag.
        host = LOCAL if host == "localhost" else host
        return cls(host, port, f"s{secrets.token_urlsafe(SECRET_BYTES)}")

    @property
    def names(self) -> tuple[str, ...]:
        """What others may call the server by, besides the address that they have reached."""
        if self.host not in ALL:
            return (self.host,)
        return socket.gethostname(), socket.getfqdn()  # which asks the network: it may take long

    @property
    def url(self) -> str:
        """What a person opens in a browser."""
        host = own_address() if self.host in ALL else self.host
        return self._url(bracketed(host))

    @property
    def own_url(self) -> str:
        """The same for this process."""
        return self._url(LOCAL)

    def _url(self, host: str) -> str:
        return f"http://{host}:{self.port}/{self.prefix}"
