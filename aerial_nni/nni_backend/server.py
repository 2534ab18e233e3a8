"""NNI's server for one experiment: start, questions, limits, end."""

import contextlib
import logging
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from aerial_nni.config.errors import UserError
from aerial_nni.config.run_folder import write_json
from aerial_nni.nni_backend import rest_client
from aerial_nni.nni_backend.address import LOCAL, Address, bracketed
from aerial_nni.nni_backend.nni_patches import child_environment, launcher_repaired
from aerial_nni.nni_backend.platforms import names_of, platform_of
from aerial_nni.nni_backend.ports import Taken, take
from aerial_nni.nni_backend.process_reaper import Guard, members
from aerial_nni.nni_backend.zombies import adopt, reap

if TYPE_CHECKING:
    from nni.experiment import ExperimentConfig

STOP_SECONDS = 20.0
"""How long the manager may take to stop by itself before it is ended."""

CONFIG = "config.json"
"""NNI's configuration in the folder of its logs, for a resume before NNI has noted it."""

UPDATES = {
    "maxTrialNumber": "MAX_TRIAL_NUM",
    "maxExperimentDuration": "MAX_EXEC_DURATION",
    "trialConcurrency": "TRIAL_CONCURRENCY",
}
"""Limits that can be changed while an experiment runs -> NNI's name for the change."""


class StartFailed(UserError):
    """NNI's server did not start. The message ends with the last lines of its log."""


@dataclass(frozen=True)
class Status:
    """NNI's word for the experiment's state, and the errors it has noted."""

    state: str
    errors: tuple[str, ...] = ()


class Server:
    """The manager of one experiment, guarded: it does not outlive this process."""

    def __init__(
        self, experiment: str, *, nni_directory: Path, port: int | None = None, host: str = LOCAL
    ) -> None:
        """Takes the port, see `ports.take`, until `stop`."""
        self.experiment = experiment
        self.nni_directory = nni_directory
        self._taken: Taken | None = take(port, host=host)
        self.address = Address.new(host, self._taken.port)
        self._guard: Guard | None = None
        self._process: subprocess.Popen[Any] | None = None
        self._config: ExperimentConfig | None = None

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where the web UI is."""
        return self.address.url

    @property
    def elsewhere(self) -> bool:
        """Whether trials run on other machines, where their processes and output cannot be seen."""
        return self._config is not None and platform_of(self._config) != "local"

    def fetch_output(self, trial: str) -> None:
        """Brings what a trial elsewhere has printed to this machine, if it can be had."""
        if self.elsewhere:
            with contextlib.suppress(
                rest_client.NoAnswer
            ):  # NNI answers with the text, after copying it
                self.ask(f"/trial-file/{trial}/stderr", seconds=20)

    @property
    def logs(self) -> Path:
        """Folder of the manager's and the dispatcher's logs."""
        return self.nni_directory / self.experiment / "log"

    def start(self, config: "ExperimentConfig", *, action: str = "create") -> None:
        """Starts the manager; `action` is create, resume or view.

        Raises:
            StartFailed: it did not answer, or refused the configuration.
        """
        from nni.experiment import Experiment, RunMode
        from nni.runtime.log import silence_stdout

        silence_stdout()
        nni_log = logging.getLogger("nni")  # says nothing that is not raised too
        nni_log.propagate = False
        nni_log.addHandler(logging.NullHandler())
        self._config = config
        self.nni_directory.mkdir(parents=True, exist_ok=True)
        self.nni_directory.chmod(0o700)  # the secret is in NNI's list of experiments and its logs
        if action == "create":
            write_json(self.nni_directory / self.experiment / CONFIG, config.json())
        self._taken = self._taken or take(self.address.port, host=self.address.host)
        adopt(orphans=True)
        self._guard = Guard(self.experiment)
        concurrency = int(config.trial_concurrency)
        environment = {
            **child_environment(nni_directory=self.nni_directory, concurrency=concurrency),
            "AERIAL_NNI_HOST": self.address.host,
            "AERIAL_NNI_NAMES": ",".join(map(bracketed, (*self.address.names, *names_of(config)))),
            **self._guard.marks,
        }
        experiment = Experiment(config, id=self.experiment)
        # Experiment.resume() and .view() look the experiment up in a list that may be gone or
        # wrong after a kill, and then do no more than this.
        experiment._action = action
        experiment.url_prefix = self.address.prefix
        experiment._start_logging = lambda debug: None  # leaves its file open
        try:
            with launcher_repaired(self.nni_directory, environment, self._taken.sockets):
                experiment.start(self.address.port, run_mode=RunMode.Detach)
        except Exception as error:
            self._guard.release()
            raise StartFailed(
                f"NNI's server did not start: {error}\n{self.manager_log()}"
            ) from error
        finally:
            self._let_go()
        self._process = experiment._proc

    def _let_go(self) -> None:
        if self._taken is not None:
            self._taken.close()
        self._taken = None

    def reopen_to_view(self) -> None:
        """Ends the experiment and starts the server again with what it has so far, read-only."""
        assert self._config is not None
        self.stop()
        self.start(self._config, action="view")

    def ask(self, path: str, *, seconds: float = rest_client.SECONDS) -> Any:
        """What the manager answers to GET `path`. Raises `rest.NoAnswer`."""
        return self._request("GET", path, seconds=seconds)

    def status(self, *, seconds: float = rest_client.SECONDS) -> Status:
        """The state of the experiment. Raises `rest.NoAnswer`."""
        answer = self.ask("/check-status", seconds=seconds)
        try:
            return Status(answer["status"], tuple(answer.get("errors", ())))
        except (AttributeError, LookupError, TypeError) as error:
            raise rest_client.NoAnswer(f"{answer!r} is no state of an experiment") from error

    def change(self, name: str, value: Any) -> None:
        """Sets one of the limits in `UPDATES`, as the web UI does. Raises `rest.NoAnswer`."""
        profile = self.ask("/experiment")
        profile["params"][name] = value
        self._request("PUT", f"/experiment?update_type={UPDATES[name]}", value=profile)

    def _request(self, method: str, path: str, **more: Any) -> Any:
        return rest_client.request(method, f"{self.address.own_url}/api/v1/nni{path}", **more)

    @property
    def exit_code(self) -> int | None:
        """The manager's exit code, None while it runs."""
        return self._process.poll() if self._process else None

    def dispatcher(self) -> psutil.Process | None:
        """The process in which the tuner runs, None where there is none."""
        for process in members(self.experiment):
            with contextlib.suppress(psutil.Error):
                if "--exp_params" in process.cmdline():
                    return process
        return None

    def manager_log(self, lines: int = 10) -> str:
        """The last lines of what the manager printed on its error stream."""
        return tail(self.logs / "manager.err", lines=lines)

    def stop(self) -> None:
        """Ends manager, dispatcher, trials and TensorBoard; returns when all are gone."""
        self._let_go()
        if self._process is not None and self.exit_code is None:
            dispatcher = self.dispatcher()
            with contextlib.suppress(rest_client.NoAnswer):
                self._request("DELETE", "/experiment", seconds=5)
            if dispatcher is not None:  # by itself it looks for work for another three seconds
                with contextlib.suppress(psutil.Error):
                    dispatcher.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
        if self._guard is not None:
            self._guard.release()
        if self._process is not None:
            self._process.wait()
        self.reap()
        adopt(orphans=False)

    def reap(self) -> None:
        """Lets go of what the manager has started and left, and what has ended."""
        awaited = [part.pid for part in (self._process, self._guard) if part is not None]
        reap(besides=awaited)


def trial_output(nni_directory: Path, experiment: str, trial: str) -> Path:
    """Where NNI keeps what a trial printed, trial.stdout and trial.stderr, on this machine."""
    local = nni_directory / experiment / "environments" / "local-env" / "trials" / trial
    return local if local.is_dir() else nni_directory / experiment / "trials" / trial


def tail(path: Path, *, lines: int = 20) -> str:
    """The last lines of a text file, empty where there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 64 * 1024))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.rstrip().splitlines()[-lines:])
