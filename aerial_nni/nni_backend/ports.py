"""Ports of this machine: taking one for the web UI, and who holds one that is taken.

A port is taken by listening on it, once for all: the sockets go to NNI's manager, which accepts on
them (node/network.cjs, `bind`). So of several experiments that are started in one moment each has a
port of its own, and what answers on it is its own manager.
"""

import contextlib
import errno
import socket
import time

import psutil

from aerial_nni.config.errors import UserError
from aerial_nni.nni_backend.address import ALL, LOCAL, check_host
from aerial_nni.nni_backend.process_reaper import MARK
from aerial_nni.nni_backend.progress import say

USUAL = 8080
"""The port where none is typed, or the next free one."""

TRIED = 100
"""How many ports after a busy one are looked at for a free one."""

UNSEEN = "a process of another user"
"""Who holds a port where nobody is seen to listen."""


class PortBusy(UserError):
    """The port of the web UI is taken. The message says by whom, and which port to type."""


class Taken:
    """A port that others cannot take until these sockets are closed, here and in the manager."""

    def __init__(self, port: int, *, host: str) -> None:
        """Raises OSError where the port is not free."""
        self.port = port
        self.sockets: list[socket.socket] = []
        try:
            if _answers(port):
                raise OSError(errno.EADDRINUSE, "somebody listens there")
            for address in dict.fromkeys((host, host if host in ALL else LOCAL)):
                self.sockets.append(_listening(address, port))
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Lets go of it here."""
        for listening in self.sockets:
            listening.close()


def _answers(port: int) -> bool:
    """Whether somebody listens where `localhost` leads, on whichever interface and family."""
    with contextlib.suppress(OSError):
        socket.create_connection(("localhost", port), timeout=0.5).close()
        return True
    return False


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, dualstack_ipv6=host == "::")


def take(port: int | None, *, host: str = LOCAL) -> Taken:
    """The port, for a server on `host`; where it is None the usual one or the next that is free.

    Raises:
        PortBusy: it is not free, or may not be used.
        BadHost: this machine has no address `host`.
    """
    check_host(host)
    host = LOCAL if host == "localhost" else host
    wanted = USUAL if port is None else port
    if not 1 <= wanted <= 65535:
        raise PortBusy(f"port {port} does not exist; give one from 1 to 65535: --port {USUAL}")
    for last in (False, False, True):
        try:
            return Taken(wanted, host=host)
        except PermissionError as error:
            problem = f"port {wanted} is not for this user ({error.strerror})"
            raise PortBusy(f"{problem}; give one from 1024 on: --port {USUAL}") from error
        except OSError:
            who = holder(wanted)
            if who != UNSEEN or last:
                break
            time.sleep(0.2)  # another launch may only have tried whether it is free
    problem = f"port {wanted} is held by {who}"
    free = _next_free(wanted, host=host)
    if free is None:
        raise PortBusy(f"{problem}; none of the next {TRIED} is free either")
    if port is None:
        say(f"{problem}: the web UI is on port {free.port}")
        return free
    free.close()
    raise PortBusy(f"{problem}; add: --port {free.port}")


def check_port(port: int | None, *, host: str = LOCAL) -> None:
    """Raises what `take` would, of a port that was typed: nothing is kept."""
    if port is not None:
        take(port, host=host).close()


def _next_free(port: int, *, host: str) -> Taken | None:
    """The first free port after `port`, None where none of the next hundred is."""
    for candidate in range(port + 1, min(port + 1 + TRIED, 65536)):
        with contextlib.suppress(OSError):
            return Taken(candidate, host=host)
    return None


def is_free(port: int, *, host: str = LOCAL) -> bool:
    """Whether a server could listen on the port now."""
    try:
        Taken(port, host=host).close()
    except OSError:
        return False
    return True


def free_port() -> int:
    """A port that nobody listens on, chosen by the system."""
    with socket.socket() as server:
        server.bind((LOCAL, 0))
        return int(server.getsockname()[1])


def holder(port: int) -> str:
    """Who listens on the port: the process id and command, as far as they can be seen.

    What belongs to an experiment is called by the experiment's id.
    """
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.Error:  # macOS shows the connections of all users to root only
        return "another process (its name cannot be seen by this user)"
    for connection in connections:
        listening = connection.status == psutil.CONN_LISTEN
        if not listening or not connection.laddr or connection.laddr.port != port:
            continue
        if connection.pid is None:
            break
        try:
            process = psutil.Process(connection.pid)
            if experiment := process.environ().get(MARK):
                return f"experiment {experiment} (process {connection.pid})"
            command = " ".join(process.cmdline())
        except psutil.Error:
            command = "its command cannot be seen by this user"
        return f"process {connection.pid} ({_shortened(command)})"
    return UNSEEN


def _shortened(text: str, limit: int = 120) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
