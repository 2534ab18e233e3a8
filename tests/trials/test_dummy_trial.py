"""A trial that trains nothing and has the files of one that did."""

from pathlib import Path

from aerial_nni.config import run_folder
from aerial_nni.config.options import TrialOptions
from aerial_nni.trials.dummy_trial import _finish, score_of


def test_its_metrics_are_of_its_own_files(tmp_path: Path):
    model, folder = tmp_path / "model", tmp_path / "folder"
    for place, epochs in ((model, 2), (folder, 1)):
        run_folder.write_history(place / run_folder.HISTORY, [{"epoch": n} for n in range(epochs)])
    for name in (run_folder.CHECKPOINT, run_folder.CURVES, run_folder.EXAMPLE_LIST):
        (model / name).write_text(name)
    (model / run_folder.EXAMPLES).mkdir()
    files = run_folder.digests_of(model, (run_folder.HISTORY, run_folder.CURVES))
    run_folder.write_json(model / run_folder.METRICS, {"split": "image", "files": files})
    _finish(TrialOptions.of(seed=3), folder, model)
    metrics = run_folder.read_json(folder / run_folder.METRICS)
    assert (metrics["split"], metrics["score"]) == ("image", score_of(3))
    assert metrics["files"].keys() == files.keys()
    run_folder.check_digests(folder, metrics["files"])
