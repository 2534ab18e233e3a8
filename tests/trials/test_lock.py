from pathlib import Path

import pytest

from aerial_nni.config import run_folder
from aerial_nni.config.options import TrialOptions, as_dict
from aerial_nni.trials.lock import FolderBusy, occupied

OPTIONS = TrialOptions.of(seed=3)


def cut_off(folder: Path, options: TrialOptions = OPTIONS) -> Path:
    run_folder.write_json(folder / run_folder.OPTIONS, as_dict(options))
    (folder / run_folder.LAST).write_text(folder.name)
    return folder


def test_a_folder_of_equal_options_that_was_cut_off_is_taken_over(tmp_path: Path):
    old, new = cut_off(tmp_path / "old"), tmp_path / "new"
    (old / run_folder.FAILURE).write_text("error: killed by a signal\n")
    with occupied(new, OPTIONS, go_on=True):
        assert (new / run_folder.LAST).read_text() == "old"
        assert not old.exists()
        assert not (new / run_folder.FAILURE).exists()


def test_a_first_stage_that_was_cut_off_is_taken_over(tmp_path: Path):
    old, new = cut_off(tmp_path / "old"), tmp_path / "new"
    (old / run_folder.SAMPLES).mkdir()
    (old / run_folder.LAST).rename(old / run_folder.SAMPLES / run_folder.LAST)
    with occupied(new, OPTIONS, go_on=True):
        assert (new / run_folder.SAMPLES / run_folder.LAST).exists() and not old.exists()


def test_only_one_trial_takes_it_over(tmp_path: Path):
    cut_off(tmp_path / "old")
    with occupied(tmp_path / "a", OPTIONS, go_on=True):
        with occupied(tmp_path / "b", OPTIONS, go_on=True):
            assert (tmp_path / "a").exists() and not (tmp_path / "b").exists()


@pytest.mark.parametrize("why", ["other options", "finished", "before its first epoch", "running"])
def test_what_is_not_taken_over(tmp_path: Path, why: str):
    old, new = cut_off(tmp_path / "old"), tmp_path / "new"
    if why == "other options":
        cut_off(old, TrialOptions.of(seed=4))
    elif why == "finished":
        run_folder.write_json(old / run_folder.METRICS, {"score": 0.5})
    elif why == "before its first epoch":
        (old / run_folder.LAST).unlink()
    else:
        with occupied(old, OPTIONS), occupied(new, OPTIONS, go_on=True):
            assert not new.exists()
            return
    with occupied(new, OPTIONS, go_on=True):
        assert old.exists() and not new.exists()


def test_by_hand_nothing_is_taken_over(tmp_path: Path):
    old = cut_off(tmp_path / "old")
    with occupied(tmp_path / "new", OPTIONS):
        assert old.exists()


def test_two_processes_never_train_in_one_folder(tmp_path: Path):
    with occupied(tmp_path / "x", OPTIONS):
        with pytest.raises(FolderBusy, match="another process"):
            with occupied(tmp_path / "x", OPTIONS):
                pass
    with occupied(tmp_path / "x", OPTIONS):
        pass
