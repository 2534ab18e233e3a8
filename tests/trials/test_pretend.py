"""A trial that trains nothing and has the files of one that did."""

from pathlib import Path

from aerial_nni import results
from aerial_nni.options import TrialOptions
from aerial_nni.trials.pretend import _finish, score_of


def test_its_metrics_are_of_its_own_files(tmp_path: Path):
    model, folder = tmp_path / "model", tmp_path / "folder"
    for place, epochs in ((model, 2), (folder, 1)):
        results.write_history(place / results.HISTORY, [{"epoch": n} for n in range(epochs)])
    for name in (results.CHECKPOINT, results.CURVES, results.EXAMPLE_LIST):
        (model / name).write_text(name)
    (model / results.EXAMPLES).mkdir()
    files = results.digests_of(model, (results.HISTORY, results.CURVES))
    results.write_json(model / results.METRICS, {"split": "image", "files": files})
    _finish(TrialOptions(seed=3), folder, model)
    metrics = results.read_json(folder / results.METRICS)
    assert (metrics["split"], metrics["score"]) == ("image", score_of(3))
    assert metrics["files"].keys() == files.keys()
    results.check_digests(folder, metrics["files"])
