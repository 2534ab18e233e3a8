"""Attacks by a page of another origin in a real browser, and by another user of this machine."""

import functools
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import pytest
from fast_experiments import api, wait_for
from targets import Target

from aerial_nni.browser.chromium import NoBrowser, programs
from aerial_nni.browser.screenshots import in_browser

pytestmark = pytest.mark.browser

SCRIPTS = {
    "a request": """
        fetch(api + "/trial-jobs", {method: "POST", mode: "no-cors", body: '{"lr": 0.5}'})
            .then(() => done(""), () => done(""));
    """,
    "a beacon": 'navigator.sendBeacon(api + "/trial-jobs", "{}"); setTimeout(done, 1000, "");',
    "a form": """
        document.body.innerHTML = '<iframe name="there"></iframe>'
            + '<form method="post" target="there"><input name="lr" value="0.5"></form>';
        document.forms[0].action = api + "/trial-jobs";
        document.forms[0].submit();
        setTimeout(done, 3000, "");
    """,
    "a socket": """
        const socket = new WebSocket(api.replace("http", "ws").replace("/api/v1/nni", "/tuner"));
        socket.onopen = () => done("opened");
        socket.onerror = () => done("refused");
    """,
    "a picture": """
        const picture = new Image();
        picture.onload = () => done("opened");
        picture.onerror = () => done("refused");
        picture.src = api.replace("/api/v1/nni", "/icons/logo.png");
    """,
}
OWN = """
    fetch(api + "/trial-jobs", {method: "POST", headers: {"Content-Type": "application/json"},
        body: '{"lr": 0.5}'}).then((answer) => done(String(answer.status)), (error) => done(error));
"""


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a page of another origin."""
    try:
        programs()
    except NoBrowser as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("page")
    (folder / "index.html").write_text("<!doctype html><title>elsewhere</title><body></body>")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def ran(page: str, script: str, target: Target) -> str:
    """What a script in a page answers, which knows the secret address."""
    text = f"const [api, done] = arguments; {script}"

    def look(driver) -> str:  # type: ignore[no-untyped-def]
        driver.set_script_timeout(60)
        driver.get(page)
        return str(driver.execute_async_script(text, api(target.port)))

    return in_browser(look)


def succeeds(page: str, script: str, target: Target) -> bool:
    before = target.profile["nextSequenceId"]
    answer = ran(page, script, target)
    return answer == "opened" or target.profile["nextSequenceId"] > before


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_page_of_another_origin_succeeds_against_nni_alone(
    alone: Target, elsewhere: str, name: str
):
    assert succeeds(elsewhere, SCRIPTS[name], alone)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_page_of_another_origin_fails_here(ours: Target, elsewhere: str, name: str):
    assert not succeeds(elsewhere, SCRIPTS[name], ours)


def test_our_own_page_adds_a_trial(ours: Target, elsewhere: str):
    url = api(ours.port).removesuffix("/api/v1/nni")
    before = ours.profile["nextSequenceId"]
    assert ran(f"{url}/oview", OWN, ours) == "200"
    assert ours.profile["nextSequenceId"] == before + 1


SEEN = """
for path in / /oview /api/v1/nni/check-status /api/v1/nni/trial-jobs /logs/nnimanager.log; do
    exec 3<>/dev/tcp/127.0.0.1/{port}
    printf 'GET %s HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nConnection: close\\r\\n\\r\\n' "$path" >&3
    cat <&3
done
cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'
"""


def seen_by_nobody(target: Target) -> bytes:
    """All that another user of this machine reads on the port, and of processes."""
    if os.getuid() != 0 or not Path("/bin/bash").exists():
        pytest.skip("only root can be somebody else")
    command = ["/bin/bash", "-c", SEEN.format(port=target.port)]
    return subprocess.run(
        command, user="nobody", group=65534, extra_groups=[], cwd="/", stdout=subprocess.PIPE
    ).stdout


def test_another_user_sees_an_experiment_of_nni_alone(alone: Target):
    assert target_is_in(seen_by_nobody(alone), alone)


def test_another_user_sees_the_way_in_and_nothing_else(ours: Target):
    wait_for(lambda: ours.prefix)
    seen = seen_by_nobody(ours)
    assert b"python -m aerial_nni.run view ID --open" in seen
    assert not target_is_in(seen, ours)
    assert ours.prefix.strip("/").encode() not in seen


def target_is_in(seen: bytes, target: Target) -> bool:
    """Whether there is what only the server of the experiment knows."""
    return b'"status":"RUNNING"' in seen or target.trial.encode() in seen
