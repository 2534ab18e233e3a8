"""Ports of this machine: is one free, who holds it, which is the next."""

import socket

import psutil

from aerial_nni.errors import Explained
from aerial_nni.experiments.address import LOCAL, check_host
from aerial_nni.experiments.guard import MARK

TRIED = 100
"""How many ports after a busy one are looked at for a free one."""


class PortBusy(Explained):
    """The port of the web UI is taken. The message says by whom, and which port to type."""


def is_free(port: int, *, host: str = LOCAL) -> bool:
    """Whether a server can listen on the port."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((host, port))
            server.listen(1)
        except OSError:
            return False
    with socket.socket() as client:  # someone on another interface of this machine
        client.settimeout(0.5)
        return client.connect_ex(("localhost", port)) != 0


def free_port() -> int:
    """A port that nobody listens on, chosen by the system."""
    with socket.socket() as server:
        server.bind((LOCAL, 0))
        return int(server.getsockname()[1])


def next_free(port: int, *, host: str = LOCAL) -> int | None:
    """The first free port after `port`, None where none of the next hundred is."""
    candidates = range(port + 1, min(port + 1 + TRIED, 65536))
    return next((candidate for candidate in candidates if is_free(candidate, host=host)), None)


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
    return "a process of another user"


def check(port: int, *, host: str = LOCAL) -> None:
    """Returns when a server can listen on the port.

    Raises:
        PortBusy: it cannot.
        BadHost: this machine has no address `host`.
    """
    check_host(host)
    if not 1 <= port <= 65535:
        raise PortBusy(f"port {port} does not exist; give one from 1 to 65535: --port 8080")
    if is_free(port, host=host):
        return
    free = next_free(port, host=host)
    hint = f"; add: --port {free}" if free else f"; none of the next {TRIED} is free either"
    raise PortBusy(f"port {port} is held by {holder(port)}{hint}")


def _shortened(text: str, limit: int = 120) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
