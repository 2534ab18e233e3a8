"""Keep the web UI open after the experiment, and notice when a user starts it again."""

import contextlib
import time
from collections.abc import Callable

from aerial_nni.nni_backend import rest_client
from aerial_nni.nni_backend.progress import say
from aerial_nni.nni_backend.server import Server
from aerial_nni.nni_backend.trial_states import UNFINISHED

SETTLED = ("DONE", "TUNER_NO_MORE_TRIAL")
"""NNI's words for an experiment that has nothing more to do."""


def stay(server: Server) -> bool:
    """Keeps the web UI open until Ctrl-C; whether a person made the experiment go on there.

    What an experiment that did not end by itself would still do is ended first, and the UI is
    then there to be read only.
    """
    live = _settled(server, silent=False)
    if not live:
        server.reopen_to_view()
    say(f"the web UI stays open: {server.url}   (Ctrl-C ends it)")
    return wait_for_the_end(lambda: live and not _settled(server, silent=True))


def wait_for_the_end(goes_on: Callable[[], bool] = lambda: False) -> bool:
    """Returns on Ctrl-C or a signal to end, with False; or with True when `goes_on()` holds."""
    with contextlib.suppress(KeyboardInterrupt):
        while not goes_on():
            time.sleep(1.0)
        return True
    return False


def _settled(server: Server, *, silent: bool) -> bool:
    """Whether nothing happens unless a limit is raised or a trial added; `silent`: no answer."""
    try:
        status = server.status()
        jobs = server.ask("/trial-jobs")
    except rest_client.NoAnswer:
        return silent
    return status.state in SETTLED and not any(job["status"] in UNFINISHED for job in jobs)
