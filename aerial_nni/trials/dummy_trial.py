"""A trial that trains nothing: it shows what a trial does to NNI's server, in a second or two.

Its result folder is as that of a true trial to whoever counts and compares trials, and its score
follows from its options, so that one can tell whose result one looks at. It goes on where it was
cut off, as a true trial does.

PRETEND_SECONDS: how long each epoch takes. PRETEND_AS: the result folder of a true trial; this one
has the other's files then, so that it can be reported.
"""

import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aerial_nni.config import run_folder
from aerial_nni.config.options import TrialOptions, as_dict, changed, load_options
from aerial_nni.trials.lock import occupied

SECONDS = 0.3
"""How long an epoch takes where nothing is said."""


def score_of(seed: int, lr: float = TrialOptions.lr) -> float:
    """The score of a trial with these options."""
    return round(0.5 + seed / 1000 + (lr - TrialOptions.lr) / 10, 6)


class Channel:
    """What NNI's server and a trial say to each other: HTTP.

    To import NNI's own, with all that comes with it, takes longer than all that this trial does.
    """

    def __init__(self) -> None:
        self._url = os.environ["NNI_TRIAL_COMMAND_CHANNEL"]
        self._trial = os.environ["NNI_TRIAL_JOB_ID"]
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self._parameter_id: int | None = None

    def parameters(self) -> dict[str, Any]:
        """The options that this trial changes."""
        self._put({"type": "request_parameter"})
        while True:
            try:
                with self._opener.open(self._url) as answer:
                    given = json.loads(json.load(answer)["parameter"])
            except urllib.error.HTTPError as error:
                if error.code == 408:  # not yet
                    continue
                raise
            self._parameter_id = given["parameter_id"]
            return {key: value for key, value in given["parameters"].items() if key[0] != "_"}

    def report(self, kind: str, sequence: int, value: float) -> None:
        """A result; `kind` is PERIODICAL or FINAL."""
        metric = {
            "parameter_id": self._parameter_id,
            "trial_job_id": self._trial,
            "type": kind,
            "sequence": sequence,
            "value": json.dumps(value),
        }
        self._put({"type": "metric", "metric": json.dumps(metric)})

    def _put(self, message: Mapping[str, Any]) -> None:
        body, header = json.dumps(message).encode(), {"Content-Type": "application/json"}
        self._opener.open(urllib.request.Request(self._url, body, header, method="PUT")).close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one trial under NNI; 0 when it reached its end."""
    parser = argparse.ArgumentParser(prog="python -m aerial_nni.trials.dummy_trial")
    parser.add_argument("--options", type=Path, required=True, help="options of all trials")
    parser.add_argument("--experiment", type=Path, required=True, help="experiment folder")
    given = parser.parse_args(arguments)
    channel = Channel()
    options = changed(load_options(given.options), channel.parameters())
    folder = given.experiment / os.environ["NNI_TRIAL_JOB_ID"]
    try:
        with occupied(folder, options, go_on=True):
            _pretend(options, folder, channel)
    except KeyboardInterrupt:
        return 130
    return 0


def _pretend(options: TrialOptions, folder: Path, channel: Channel) -> None:
    run_folder.write_json(folder / run_folder.OPTIONS, as_dict(options))
    history = []
    if (folder / run_folder.HISTORY).exists():
        history = list(run_folder.read_history(folder / run_folder.HISTORY))
    score = score_of(options.seed, options.lr)
    model = Path(os.environ["PRETEND_AS"]) if "PRETEND_AS" in os.environ else None
    row = run_folder.read_history(model / run_folder.HISTORY)[-1] if model else {}
    while len(history) < options.epochs:
        time.sleep(float(os.environ.get("PRETEND_SECONDS", SECONDS)))
        reached = score * (len(history) + 1) / options.epochs
        new = {"epoch": len(history) + 1, "mean_iou": reached, "val_loss": 1 - reached}
        history.append({**row, **new})
        run_folder.write_history(folder / run_folder.HISTORY, history)
        (folder / run_folder.LAST).touch()
        channel.report("PERIODICAL", len(history) - 1, reached)
    _finish(options, folder, model)
    channel.report("FINAL", 0, score)


def _finish(options: TrialOptions, folder: Path, model: Path | None) -> None:
    """Writes the checkpoint and the metrics, or has those of the true trial."""
    checkpoint = folder / run_folder.CHECKPOINT
    metrics: dict[str, Any] = {}
    if model:
        for name in (run_folder.CHECKPOINT, run_folder.CURVES, run_folder.EXAMPLE_LIST):
            (folder / name).unlink(missing_ok=True)
            os.link(model / name, folder / name)
        if not (folder / run_folder.EXAMPLES).exists():
            (folder / run_folder.EXAMPLES).symlink_to(model / run_folder.EXAMPLES)
        metrics = run_folder.read_json(model / run_folder.METRICS)
    else:
        with run_folder.atomic(checkpoint) as temporary:
            temporary.write_bytes(str(options).encode())
    held = {"file": run_folder.CHECKPOINT, "sha256": run_folder.sha256(checkpoint)}
    files = run_folder.digests_of(folder, metrics.get("files", ()))
    score = score_of(options.seed, options.lr)
    metrics = {**metrics, "score": score, "checkpoint": held, "files": files}
    run_folder.write_json(folder / run_folder.METRICS, metrics)


if __name__ == "__main__":
    sys.exit(main())
