"""NNI's REST interface, as far as it is used here. Never through a proxy: it is this machine."""

import json
import urllib.error
import urllib.request
from typing import Any

from aerial_nni.nni_backend.stop_conditions import LONG

SECONDS = LONG
"""How long one answer may take: the end of the manager ends the connection."""

_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class NoAnswer(Exception):
    """The manager does not answer, or not with what it should."""


def request(method: str, url: str, *, value: Any = None, seconds: float = SECONDS) -> Any:
    """The JSON value that the manager answers with, None where it answers with nothing.

    Raises:
        NoAnswer: there is no connection, no answer in time, an error, or no JSON.
    """
    body = None if value is None else json.dumps(value).encode()
    headers = {"Content-Type": "application/json"}
    asked = urllib.request.Request(url, data=body, headers=headers, method=method)
    try:
        with _opener.open(asked, timeout=seconds) as answer:
            content = answer.read()
        return json.loads(content) if content else None
    except urllib.error.HTTPError as error:
        detail = error.read().decode(errors="replace").strip()
        raise NoAnswer(f"{method} {url}: {error.code} {detail}") from error
    except (OSError, ValueError) as error:
        raise NoAnswer(f"{method} {url}: {error}") from error
