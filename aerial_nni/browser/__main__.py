"""Takes pictures of an experiment in NNI's web UI, by a real browser without a window.

python -m aerial_nni.browser                                      of what runs on port 8080
python -m aerial_nni.browser http://127.0.0.1:8090 --to DIR       of what runs there

Open an experiment that is over with `python -m aerial_nni.run view ID` first. Needs Chromium and
its driver (Debian, Ubuntu: apt-get install chromium chromium-driver fonts-liberation) and the
Python package selenium (python -m pip install -e ".[browser]").
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from aerial_nni.browser.pages import SECONDS, root_of
from aerial_nni.browser.screenshots import check_free, take
from aerial_nni.config.errors import UserError
from aerial_nni.nni_backend.address import is_local, running_on


def main(arguments: Sequence[str] | None = None) -> int:
    """Takes the pictures and prints what they show; 0 when it did."""
    given = build_parser().parse_args(arguments)
    try:
        if not given.overwrite:
            check_free(given.to)
        taken = take(_whole(given.url), given.to, seconds=given.wait)
    except (UserError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    if taken.trial is None:
        print(f"no trial has a metric yet, after {given.wait:g} s: again later, or with --wait")
    else:
        values = ", ".join(f"{name}={value}" for name, value in taken.parameters.items())
        print(f"best trial: {taken.trial.id}, {taken.trial.metric:g} with {values}")
    for path in taken.files:
        print(path)
    return 0


def _whole(url: str) -> str:
    """The address with its secret path, where that of this user's own experiment lacks it."""
    parts = urlsplit(root_of(url))
    if parts.path or not is_local(parts.hostname or ""):
        return url
    return running_on(parts.port or 80) or url


def build_parser() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(
        prog="python -m aerial_nni.browser",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "url",
        nargs="?",
        default="http://127.0.0.1:8080",
        metavar="URL",
        help="of the web UI, as the experiment prints it, or without its path where that runs here "
        "(default: http://127.0.0.1:8080)",
    )
    parser.add_argument(
        "--to",
        type=Path,
        default=Path("docs/images"),
        metavar="DIR",
        help="where ui-overview.png, ui-detail.png, … go (default: docs/images)",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace pictures that are there already"
    )
    parser.add_argument(
        "--wait",
        type=float,
        default=SECONDS,
        metavar="SECONDS",
        help="for a first metric (default: %(default)g)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
