"""Run a command that the kernel kills when its parent process ends.

python -I -S tied_process.py PARENT COMMAND...

PARENT is the id of that process. Where the system cannot do this (it is Linux's PR_SET_PDEATHSIG),
the command is run all the same.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
"""From linux/prctl.h. It holds over `exec`, for this process and not for its children."""


def main() -> None:
    """Becomes the command; ends where the parent has already gone."""
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == int(parent):
        os.execvp(command[0], command)


if __name__ == "__main__":
    main()
