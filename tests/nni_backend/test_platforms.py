"""Trials on other machines: the configurations, and a real experiment over SSH."""

import getpass
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
import yaml
from agreement import agree
from fast_experiments import Launched, fast, search, wait_for
from ssh_server import SshServer, found
from test_network import opened_channel

from aerial_nni.nni_backend import platforms, stored_experiments
from aerial_nni.nni_backend.address import own_address
from aerial_nni.nni_backend.definition import limits_of, nni_config, read_config
from aerial_nni.nni_backend.lifecycle import Outcome, Settings
from aerial_nni.nni_backend.nni_patches import node
from aerial_nni.nni_backend.platforms import NotReachable, connect

pytestmark = pytest.mark.remote

Run = Callable[..., Outcome]
HERE = Path(__file__).parent
CONFIGS = HERE.parents[1] / "nni_configs"
REMOTE, KUBERNETES = CONFIGS / "remote.yaml", CONFIGS / "kubernetes.yaml"
RATES = [n / 1000 for n in range(1, 9)]


@pytest.fixture
def there() -> dict[str, str]:
    """Variables of the trials, which inherit none of this process."""
    return {}


@pytest.fixture
def ssh(tmp_path_factory: pytest.TempPathFactory, there: dict[str, str]) -> Iterator[SshServer]:
    if found() is None:
        pytest.skip("there is no SSH server here; with one: apt-get install openssh-server")
    paths = os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")]))
    server = SshServer(tmp_path_factory.mktemp("ssh"), {"PYTHONPATH": paths, **there})
    yield server
    server.end()


@pytest.fixture
def known_hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which OpenSSH notes hosts, of a home that is this test's."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    return tmp_path / ".ssh" / "known_hosts"


@pytest.fixture
def remote(ssh: SshServer, tmp_path: Path, known_hosts: Path) -> Path:
    """The remote configuration of the repository, with this machine filled in; its key is known."""
    known_hosts.write_text(ssh.known())
    values = yaml.safe_load(REMOTE.read_text())
    machine, _ = values["trainingService"]["machineList"]
    machine.update(host="127.0.0.1", port=ssh.port, user=getpass.getuser())
    machine.update(sshKeyFile=str(ssh.key), pythonPath=str(Path(sys.executable).parent))
    values["trainingService"]["machineList"] = [machine]
    path = tmp_path / "remote.yaml"
    path.write_text(yaml.safe_dump(values))
    return path


def of(experiment: str) -> list[psutil.Process]:
    """Processes that have an experiment's name in their command: those elsewhere carry no mark."""
    mine = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and experiment in " ".join(process.cmdline()):
                mine.append(process)
        except psutil.Error:
            continue
    return mine


@pytest.mark.parametrize("there", [{"FAST_REVERSE": "4"}])
def test_trials_over_ssh_run_there_and_all_agree(
    run_fast: Run,
    remote: Path,
    ssh: SshServer,
    port: int,
    asked_at_the_end: dict[str, Any],
    heard: Callable[[], list[Any]],
):
    outcome = run_fast(search(8, rates=RATES), concurrency=4, config=remote, stay=True)
    assert outcome.good, outcome.record.reason
    agree(outcome, asked_at_the_end, heard(), RATES)
    experiment = outcome.record.id
    there = ssh.home / "nni-experiments" / experiment / "environments" / "remote-worker1"
    assert {path.name for path in (there / "trials").iterdir()} == {
        trial.id for trial in outcome.record.trials
    }
    wait_for(lambda: not of(experiment))


@pytest.mark.slow
@pytest.mark.parametrize("there", [{"FAST_SECONDS": "3"}])
def test_a_killed_launcher_leaves_nothing_elsewhere_and_the_experiment_goes_on(
    runs: Path, port: int, remote: Path, ssh: SshServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FAST_CONFIG", str(remote))
    launched = Launched(runs, port, seeds=2, concurrency=2)
    wait_for(lambda: len(launched.history()) == 2)
    keepers = [process for process in of(launched.id) if "trial_keeper" in str(process.cmdline())]
    assert [keeper.exe() for keeper in keepers] == [str(node())]
    addresses = {c.laddr.ip for p in keepers for c in p.net_connections() if c.status == "LISTEN"}
    assert addresses == {"127.0.0.1"}
    secret = urlsplit(launched.record.url).path
    for path in ("/platform/remote", "/platform/remote/1"):  # what NNI alone calls the channel
        assert opened_channel(port, secret + path).startswith(b"HTTP/1.1 404 ")
    (config,) = ssh.home.rglob("trial_keeper_config.json")
    assert config.parent.stat().st_mode & 0o777 == 0o700
    os.kill(launched.process.pid, signal.SIGKILL)
    launched.end()
    wait_for(lambda: not of(launched.id))
    outcome = stored_experiments.resume(Settings(runs=runs, port=port), launched.id)
    assert outcome.record.reason == "all trials ended: 2 of 2 are good"
    assert sorted(trial.parameters["seed"] for trial in outcome.record.trials) == [0, 1]


@pytest.mark.slow
@pytest.mark.parametrize("there", [{"FAST_FAIL": "0 1 2"}])
def test_what_a_failed_trial_elsewhere_printed_is_shown(
    run_fast: Run, remote: Path, capfd: pytest.CaptureFixture
):
    outcome = run_fast(fast(3), config=remote)
    assert not outcome.good
    assert "RuntimeError: seed 0 was told to fail" in capfd.readouterr().err


def test_a_machine_that_does_not_answer_ends_the_experiment_with_a_reason(
    run_fast: Run, remote: Path, ssh: SshServer, capfd: pytest.CaptureFixture
):
    ssh.end()
    outcome = run_fast(fast(1), config=remote)
    assert not outcome.good
    assert "ECONNREFUSED" in capfd.readouterr().err


def test_a_machine_whose_key_is_not_known_is_told_nothing_and_the_reason_says_what_to_type(
    run_fast: Run, remote: Path, ssh: SshServer, known_hosts: Path, capfd: pytest.CaptureFixture
):
    known_hosts.unlink()
    outcome = run_fast(fast(1), config=remote)
    assert not outcome.good
    said = capfd.readouterr().err
    assert f"the key of [127.0.0.1]:{ssh.port} is not known" in said
    assert f"ssh-keyscan -p {ssh.port} 127.0.0.1 >> ~/.ssh/known_hosts" in said
    assert not list(ssh.home.iterdir())


def config_of(file: Path, runs: Path):
    values = read_config(file)
    given = fast(3)
    return nni_config(given, limits_of(given, values), values, folder=runs / "x")


def test_the_remote_configuration_is_accepted(runs: Path, tmp_path: Path):
    key = tmp_path / "key"
    key.touch()
    file = tmp_path / "remote.yaml"
    file.write_text(REMOTE.read_text().replace("~/.ssh/id_ed25519", str(key)))
    config = config_of(file, runs)
    assert config.trial_command.startswith("python3 -m fast_trial --options ")
    assert config.training_service.reuse_mode is False
    with pytest.raises(NotReachable, match=r"192\.0\.2\.11, 192\.0\.2\.12 .*--host 0\.0\.0\.0"):
        connect(config, "127.0.0.1")
    connect(config, "0.0.0.0")
    assert config.nni_manager_ip == own_address()


def test_the_kubernetes_configuration_is_accepted_by_nnis_schema(runs: Path):
    config = config_of(KUBERNETES, runs)
    assert platforms.platform_of(config) == "frameworkcontroller"
    made = config.json()
    assert made["trainingService"]["taskRoles"][0]["gpuNumber"] == 1
    assert made["trainingService"]["trialCommand"] == config.trial_command
    with pytest.raises(NotReachable, match="the cluster"):
        connect(config, "127.0.0.1")
    connect(config, "0.0.0.0")
    assert config.nni_manager_ip == "192.0.2.10"  # as the file says


def test_trials_on_this_machine_need_no_address(runs: Path):
    config = config_of(CONFIGS / "local.yaml", runs)
    connect(config, "127.0.0.1")
    assert config.nni_manager_ip is None
