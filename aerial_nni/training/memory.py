"""The memory of a run: how much it took, and an allocator that keeps what is used again."""

import ctypes
import logging
import sys

import torch

log = logging.getLogger(__name__)

# Parameters of mallopt(3).
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4


def keep_freed_memory() -> None:
    """Stops glibc from giving large blocks back to the system after each use.

    Training on a processor allocates the same activations every step. As glibc comes, each is
    mapped anew and every page faults again: a tenth of a step's time where page faults are dear.
    For this process only; does nothing where the C library is not glibc.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None or not (mallopt(_MMAP_MAX, 0) and mallopt(_TRIM_THRESHOLD, -1)):
        log.debug("the allocator has no mallopt; it stays as it is")


def peak_memory(device: torch.device) -> int | None:
    """The most bytes held so far: on a GPU by torch, else by the process; None if unknown."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    try:
        import resource
    except ImportError:  # not on Windows
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
