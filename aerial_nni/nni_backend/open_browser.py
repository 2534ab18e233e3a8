"""Opening the web UI in the browser of the person who asks."""

import webbrowser
from pathlib import Path

from aerial_nni.config.run_folder import atomic
from aerial_nni.nni_backend.progress import say

PAGE = """<!doctype html>
<meta charset="utf-8"><meta http-equiv="refresh" content="0; url={url}/oview">
<title>aerial_nni</title><a href="{url}/oview">the web UI</a>
"""


def open_page(url: str, folder: Path) -> None:
    """Opens a web UI, or says that there is no browser.

    The browser is given a file that only its owner can read and that leads to the secret address:
    every user of a machine can read the command lines of all others.
    """
    page = folder / "open.html"
    with atomic(page, private=True) as temporary:
        temporary.write_text(PAGE.format(url=url), encoding="utf-8")
    if not webbrowser.open(page.as_uri()):
        say("there is no browser here; open this address in one of yours")
