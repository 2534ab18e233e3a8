"""Each repair of NNI 3.0: what it mends, and that NNI alone still needs it."""

import asyncio
import contextlib
import dataclasses
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nni
import nni_node
import pytest
from agreement import agree
from fast_experiments import Launched, api, ask, fast, processes, search, wait_for
from nni.experiment import RunMode, launcher
from nni.experiment import rest as nni_rest
from nni.runtime import log
from nni.runtime.command_channel.websocket import connection
from websockets.exceptions import InvalidHandshake

from aerial_nni.nni_backend import keep_ui_open, records, rest_client
from aerial_nni.nni_backend.lifecycle import Outcome
from aerial_nni.nni_backend.nni_patches import PRELOAD, child_environment, no_proxy, node
from aerial_nni.nni_backend.process_reaper import is_manager
from aerial_nni.nni_backend.stop_conditions import Patience
from aerial_nni.nni_backend.trial_states import parameter_mismatches

Run = Callable[..., Outcome]
RATES = [n / 1000 for n in range(1, 9)]


def test_repairs_that_are_left_out_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    child_environment(nni_directory=tmp_path)
    assert caplog.messages == []
    monkeypatch.setenv("AERIAL_NNI_LEAVE", "bind,prefix")
    child_environment(nni_directory=tmp_path)
    (said,) = caplog.messages
    assert said.startswith("AERIAL_NNI_LEAVE=bind,prefix: NNI runs without these repairs")
    assert caplog.records[0].levelname == "WARNING"


@pytest.mark.server
@pytest.mark.parametrize(
    "concurrency", [pytest.param(n, marks=() if n == 4 else pytest.mark.slow) for n in (1, 2, 4, 8)]
)
def test_ui_tuner_and_trial_agree(
    run_fast: Run,
    asked_at_the_end: dict[str, Any],
    heard: Callable[[], list[Any]],
    monkeypatch: pytest.MonkeyPatch,
    concurrency: int,
):
    monkeypatch.setenv("FAST_REVERSE", str(concurrency))
    outcome = run_fast(search(8, rates=RATES), concurrency=concurrency, stay=True)
    assert outcome.good
    agree(outcome, asked_at_the_end, heard(), RATES)
    assert asked_at_the_end["hosts"] == {"127.0.0.1"}
    assert str(node()) in asked_at_the_end["programs"]


@pytest.mark.server
def test_a_trial_that_is_stopped_early_is_booked_as_that(
    run_fast: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FAST_SECONDS", "600")
    config = tmp_path / "config.yaml"
    config.write_text("maxTrialDuration: 3s\n")
    outcome = run_fast(fast(1), config=config)
    assert [trial.state for trial in outcome.record.trials] == ["EARLY_STOPPED"]


@pytest.mark.server
def test_a_trial_that_a_user_cancels_is_booked_as_that(
    runs: Path, port: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FAST_SECONDS", "600")
    launched = Launched(runs, port, seeds=1)
    trial = wait_for(lambda: list(runs.glob(f"{launched.id}/*/options.json")))[0].parent.name
    rest_client.request("DELETE", f"{api(port)}/trial-jobs/{trial}")
    launched.end()
    assert [trial.state for trial in records.load(runs / launched.id).trials] == ["USER_CANCELED"]


@pytest.mark.server
def test_nni_alone_books_results_wrongly_and_listens_to_the_network(
    run_fast: Run,
    asked_at_the_end: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture,
):
    monkeypatch.setenv("AERIAL_NNI_LEAVE", "attribution,bind")
    monkeypatch.setenv("FAST_REVERSE", "4")
    outcome = run_fast(fast(1, lr=RATES[:4]), concurrency=4, stay=True)
    wrong = [
        trial for trial in outcome.record.trials if parameter_mismatches(trial, outcome.folder)
    ]
    assert len(wrong) >= 2  # all four, unless a busy machine mixes their order
    assert asked_at_the_end["hosts"] & {"::", "0.0.0.0"}
    assert "ran with other parameters" in capfd.readouterr().err


@pytest.mark.server
@pytest.mark.parametrize("repaired", [True, False])
def test_nni_alone_keeps_the_output_of_trials_open(
    run_fast: Run, port: int, monkeypatch: pytest.MonkeyPatch, repaired: bool
):
    if not repaired:
        monkeypatch.setenv("AERIAL_NNI_LEAVE", "descriptors")
    kept: list[str] = []

    def look(*_: object) -> bool:
        manager = next(filter(is_manager, processes(ask(port, "experiment")["id"])))
        kept.extend(Path(file.path).name for file in manager.open_files())
        return False

    monkeypatch.setattr(keep_ui_open, "wait_for_the_end", look)
    assert run_fast(fast(3), concurrency=3, stay=True).good
    assert sum(name.startswith("trial.") for name in kept) == (0 if repaired else 6)


@pytest.mark.server
@pytest.mark.parametrize("left", ["", "exhausted"])
def test_what_a_tuner_suggested_last_is_waited_for_however_long_its_start(
    run_fast: Run, monkeypatch: pytest.MonkeyPatch, left: str
):
    slow = Path(__file__).with_name("slow_keeper.cjs")
    monkeypatch.setenv("NODE_OPTIONS", f"--require {json.dumps(str(slow))}")
    monkeypatch.setenv("AERIAL_NNI_LEAVE", left)
    definition = dataclasses.replace(fast(1, lr=RATES[:2]), trials=4)  # the list has two
    outcome = run_fast(definition, concurrency=4)
    good = sum(trial.score is not None for trial in outcome.record.trials)
    assert good < 2 if left else good == 2


@pytest.mark.server
@pytest.mark.parametrize("repaired", [True, False])
def test_a_tuner_that_raises_ends_the_experiment(
    run_fast: Run, capfd: pytest.CaptureFixture, repaired: bool
):
    name = "raising_tuner.RaisingRepaired" if repaired else "raising_tuner.Raising"
    definition = dataclasses.replace(fast(1), tuner={"class_name": name})
    outcome = run_fast(definition, patience=Patience(idle=10.0))
    assert not outcome.good
    assert outcome.record.state == "FAILED"
    expected = "NNI reports an error" if repaired else "NNI has started no trial for 10 s"
    assert expected in outcome.record.reason
    assert "this tuner only raises" in capfd.readouterr().err


DEFECTS = {
    "answers": ("common/globals/rest.js", "this.router.use(express_1.default.json({"),
    "bind": ("rest_server/index.js", "app.listen(this.port)"),
    "prefix": ("rest_server/index.js", 'Outside prefix "/${this.urlPrefix}"'),
    "hosts": ("common/globals/rest.js", "express_ws_1.default)(this.app, undefined, {"),
    "bodies": ("common/globals/rest.js", "express_1.default.json({ limit: '50mb' })"),
    "routes": ("rest_server/index.js", "router.use('/netron', netronProxy());"),
    "channels": ("common/command_channel/websocket/server.js", "drop previous connection"),
    "profile": ("core/nnimanager.js", "maxTrialNumber = experimentProfile.params.maxTrialNumber;"),
    "files": ("training_service/v3/compat.js", "path_1.default.join(dir, fileName)"),
    "home": ("common/globals/paths.js", "os_1.default.homedir(), 'nni-experiments'"),
    "attribution": ("training_service/v3/compat.js", "this.parameters.shift()"),
    "output": ("training_service/v3/compat.js", "'trials', trialJobId, 'output'"),
    "connect": ("core/tuner_command_channel.js", "}, 10000);"),
    "forms": ("static/static/js/616.8c67a119.chunk.js", ".catch((()=>{d(!0)}))},O="),
    "early": ("training_service/v3/compat.js", "await this.v3.stopTrial(trialJobId);"),
    "killed": ("training_service/v3/compat.js", "trial.status = 'USER_CANCELED';"),
    "tensorboard": ("extensions/nniTensorboardManager.js", "--bind_all"),
    "shell": ("common/utils.js", "newShell = true"),
    "requests": ("core/nnimanager.js", "this.requestTrialJobs(requestTrialNum);"),
    "customized": ("core/nnimanager.js", "Promise.reject(new Error('reach maxTrialNum'))"),
    "finished": ("core/nnimanager.js", "await this.trainingService.cancelTrialJob(trialJobId);"),
    "past": ("core/nnimanager.js", "const finishedTrialData = await this.exportData();"),
    "exhausted": ("core/nnimanager.js", "return this.status;"),
    "recover": ("core/nnimanager.js", "job.status === 'WAITING' || job.status === 'RUNNING'"),
    "install": ("training_service/remote_v3/worker.js", "-m pip install nni --upgrade`"),
    "pages": ("static/static/js/964.da8430c5.js", "https://res-1.cdn.office.net/files/"),
    "host-key": ("training_service/remote_v3/ssh.js", "this.client.connect(sshConfig);"),
    "dates": ("node_modules/ssh2/lib/protocol/SFTP.js", "isDate } = require('util');"),
    "keeper": ("rest_server/core.js", "app.listen(this.port)"),
    "keeper-end": ("common/trial_keeper/main.js", "shutdown.initiate('Connection error')"),
    "descriptors": ("common/trial_keeper/process.js", "'trial.stdout'));"),
    "orphan": ("main.js", "process.on('SIGINT'"),
    "tied": ("common/utils.js", "detached: isDetached"),
    "versions": ("common/trial_keeper/collect_platform_info.js", "collect_version_info"),
}
"""Each repair of NNI's Node -> the file of nni_node, and the defect as it stands there."""

REPAIRS = "\n".join(
    path.read_text() for path in [PRELOAD, *sorted(PRELOAD.with_name("node").glob("*.cjs"))]
)


@pytest.mark.parametrize("name", DEFECTS)
def test_the_defect_is_still_there(name: str):
    file, defect = DEFECTS[name]
    assert defect in (Path(nni_node.__path__[0]) / file).read_text()
    assert f'// "{name}"' in REPAIRS


def test_every_repair_of_the_server_is_listed_here():
    named = [line for line in REPAIRS.splitlines() if line.startswith('// "')]
    assert {line.split('"')[1] for line in named} == set(DEFECTS)


@pytest.mark.parametrize(
    ("file", "defect"),
    [
        ("experiment/launcher.py", "retry: int = 3"),
        ("experiment/launcher.py", "f'(message)'"),
        ("experiment/launcher.py", "ret.append('--' + field.name"),  # of a secret path too
        ("tools/nnictl/constants.py", "os.path.expanduser('~'), 'nni-experiments'"),
        ("runtime/msg_dispatcher_base.py", "self.worker_exceptions.append(e)"),
        ("runtime/msg_dispatcher.py", "previous_max_param_id = self.recover_parameter_id(data)"),
        ("runtime/msg_dispatcher.py", "if id_ is None or id_ in _customized_parameter_ids:"),
        ("runtime/msg_dispatcher_base.py", "if command == CommandType.TrialEnd or ("),
        ("runtime/msg_dispatcher.py", "if len(params_list) < len(ids):"),
        ("common/serializer.py", "_json_tricks_any_object_decode\n    ]"),
        ("runtime/command_channel/websocket/connection.py", "websockets.connect(url, max_size="),
        ("experiment/rest.py", "timeout = 20"),
    ],
)
def test_the_defect_in_python_is_still_there(file: str, defect: str):
    assert defect in (Path(nni.__path__[0]) / file).read_text()


@contextlib.contextmanager
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The environment names a proxy, which refuses; what it is asked for."""
    asked: list[str] = []

    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.command} {self.path}")
            self.send_error(403)

        do_CONNECT = do_GET

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{server.server_port}")
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        yield asked
        server.shutdown()


@pytest.mark.parametrize("repaired", [True, False])
def test_nni_alone_asks_a_proxy_for_this_machine(
    repaired: bool, port: int, monkeypatch: pytest.MonkeyPatch
):
    with proxy(monkeypatch) as asked:
        for name, value in no_proxy().items() if repaired else ():
            monkeypatch.setenv(name, value)
        with pytest.raises(OSError):  # nobody listens there
            nni_rest.get(port, "/check-status")
        with pytest.raises((OSError, InvalidHandshake)):
            asyncio.run(connection._connect_async(f"ws://localhost:{port}/tuner"))
    status = f"GET http://localhost:{port}/api/v1/nni/check-status"
    assert asked == ([] if repaired else [status, f"CONNECT localhost:{port}"])


def test_nni_alone_gives_its_manager_no_environment_and_leaves_its_logs_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    started: dict[str, Any] = {}
    monkeypatch.setattr(launcher, "Popen", lambda command, **how: started.update(how))
    (tmp_path / "abc" / "log").mkdir(parents=True)
    arguments: Any = SimpleNamespace(
        experiments_directory=tmp_path, experiment_id="abc", to_command_line_args=list
    )
    launcher._start_rest_server(arguments, RunMode.Detach)
    with started["stdout"] as out, started["stderr"] as err:
        assert not out.closed and not err.closed
    assert "env" not in started


def test_nni_alone_leaves_the_log_of_an_experiment_open(tmp_path: Path):
    log.start_experiment_logging("abc", tmp_path / "log", "info")
    with log._handlers["abc"].stream as stream:
        log.stop_experiment_logging("abc")
        assert not stream.closed
