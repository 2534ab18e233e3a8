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

from aerial_nni import results
from aerial_nni.options import TrialOptions, as_dict, changed, load_options
from aerial_nni.trials.takeover import occupied

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
    parser = argparse.ArgumentParser(prog="python -m aerial_nni.trials.pretend")
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
    results.write_json(folder / results.OPTIONS, as_dict(options))
    history = []
    if (folder / results.HISTORY).exists():
        history = list(results.read_history(folder / results.HISTORY))
    score = score_of(options.seed, options.lr)
    model = Path(os.environ["PRETEND_AS"]) if "PRETEND_AS" in os.environ else None
    row = results.read_history(model / results.HISTORY)[-1] if model else {}
    while len(history) < options.epochs:
        time.sleep(float(os.environ.get("PRETEND_SECONDS", SECONDS)))
        reached = score * (len(history) + 1) / options.epochs
        new = {"epoch": len(history) + 1, "mean_iou": reached, "val_loss": 1 - reached}
        history.append({**row, **new})
        results.write_history(folder / results.HISTORY, history)
        (folder / results.LAST).touch()
        channel.report("PERIODICAL", len(history) - 1, reached)
    _finish(options, folder, model)
    channel.report("FINAL", 0, score)


def _finish(options: TrialOptions, folder: Path, model: Path | None) -> None:
    """Writes the checkpoint and the metrics, or has those of the true trial."""
    checkpoint = folder / results.CHECKPOINT
    metrics: dict[str, Any] = {}
    if model:
        for name in (results.CHECKPOINT, results.CURVES, results.EXAMPLE_LIST):
            (folder / name).unlink(missing_ok=True)
            os.link(model / name, folder / name)
        if not (folder / results.EXAMPLES).exists():
            (folder / results.EXAMPLES).symlink_to(model / results.EXAMPLES)
        metrics = results.read_json(model / results.METRICS)
    else:
        with results.atomic(checkpoint) as temporary:
            temporary.write_bytes(str(options).encode())
    held = {"file": results.CHECKPOINT, "sha256": results.sha256(checkpoint)}
    files = results.digests_of(folder, metrics.get("files", ()))
    score = score_of(options.seed, options.lr)
    metrics = {**metrics, "score": score, "checkpoint": held, "files": files}
    results.write_json(folder / results.METRICS, metrics)


if __name__ == "__main__":
    sys.exit(main())
