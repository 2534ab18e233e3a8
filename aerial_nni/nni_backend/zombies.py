"""Reap ended child processes, which else stay listed as zombies.

When a process dies, its children become those of the first process of the machine, which asks after
every one. In a container that may be a program that asks after none. Here they become the
launcher's (on Linux, by PR_SET_CHILD_SUBREAPER), which does.
"""

import contextlib
import ctypes
import os
import sys
from collections.abc import Collection

import psutil

PR_SET_CHILD_SUBREAPER = 36
"""From linux/prctl.h."""


def adopt(*, orphans: bool) -> None:
    """Processes that this one has started indirectly become its children, or no longer do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, int(orphans), 0, 0, 0)


def reap(*, besides: Collection[int]) -> None:
    """Lets go of adopted children that have ended; what was started by this process is not its own.

    Those with an id in `besides` are awaited elsewhere, and so are those of this very session: an
    adopted one comes from the manager's, or has one of its own.
    """
    if sys.platform != "linux":
        return
    with contextlib.suppress(ChildProcessError):  # there is no child at all
        if os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error, OSError):
            foreign = child.pid not in besides and os.getsid(child.pid) != os.getsid(0)
            if foreign and child.status() == psutil.STATUS_ZOMBIE:
                os.waitpid(child.pid, os.WNOHANG)
