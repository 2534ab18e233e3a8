import dataclasses
import json
from pathlib import Path

import psutil
import pytest
from made_records import a_record, good_folder

from aerial_nni.config import run_folder
from aerial_nni.config.run_folder_schema import Best, TrialRow
from aerial_nni.nni_backend import ranking, records
from aerial_nni.nni_backend.lifecycle import locked
from aerial_nni.nni_backend.record_repair import repair
from aerial_nni.nni_backend.records import UnknownExperiment
from aerial_nni.recipes import RECIPES
from aerial_nni.run import main


def test_a_record_comes_back_as_it_was(tmp_path: Path):
    record = a_record(
        trials=[TrialRow(id="x", sequence=0, state="RUNNING", parameters={"seed": 1})]
    )
    record.launched_here()
    record.save(tmp_path)
    assert records.load(tmp_path) == record


def test_a_record_is_for_the_owner_alone(tmp_path: Path):
    record = a_record(url="http://10.1.2.3:8080/sSecret")
    record.save(tmp_path)
    assert (tmp_path / run_folder.EXPERIMENT).stat().st_mode & 0o777 == 0o600
    assert records.load(tmp_path).url == record.url


def test_an_experiment_whose_launcher_died_is_stopped_and_can_be_resumed(tmp_path: Path):
    record = a_record()
    record.launched_here()
    record.launcher_started -= 1000  # the process id was given to another process since
    record.save(tmp_path)
    loaded = records.load(tmp_path)
    assert loaded.state == "STOPPED"
    assert "resume abcdefgh" in loaded.reason


def test_an_experiment_is_found_by_the_beginning_of_its_id(tmp_path: Path):
    for name in ("first", "second"):
        a_record(name).save(tmp_path / name)
    assert records.find(tmp_path, "fi") == tmp_path / "first"


@pytest.mark.parametrize(
    ("asked", "message"),
    [("secnd", "did you mean second"), ("zz", "known: first, second"), ("", "known:")],
)
def test_an_unknown_id_lists_the_known_ones(tmp_path: Path, asked: str, message: str):
    for name in ("first", "second"):
        a_record(name, created=name).save(tmp_path / name)
    with pytest.raises(UnknownExperiment, match=message):
        records.find(tmp_path, asked)


@pytest.mark.parametrize("words", [["report"], ["report", "zz"]])
def test_many_experiments_are_not_named_but_the_command_that_lists_them(
    tmp_path: Path, capsys: pytest.CaptureFixture, words: list[str]
):
    for number in range(records.FEW):
        a_record(f"id{number}", created=str(number)).save(tmp_path / f"id{number}")
    assert main([*words, "--runs", str(tmp_path)]) == 1
    assert "known: id0, id1, " in capsys.readouterr().err
    a_record("another").save(tmp_path / "another")
    assert main([*words, "--runs", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert said.endswith(f"see: python -m aerial_nni.run list --runs {tmp_path}\n")


def test_without_any_experiment_the_error_says_how_to_start_one(tmp_path: Path):
    with pytest.raises(UnknownExperiment, match="aerial_nni.run baseline"):
        records.find(tmp_path, "x")


def test_the_best_trial_is_complete_and_has_the_highest_score(tmp_path: Path):
    trials = []
    for name, score in (("low", 0.2), ("high", 0.4), ("incomplete", 0.9)):
        good_folder(tmp_path / name, score)
        trials.append(TrialRow(id=name, sequence=0, state="SUCCEEDED", parameters={}, score=score,
                            folder=name))  # fmt: skip
    (tmp_path / "incomplete" / run_folder.CHECKPOINT).unlink()
    assert ranking.best_of(trials, tmp_path) == Best(id="high", score=0.4, folder="high")
    assert ranking.best_of(trials[2:], tmp_path) is None


def test_a_score_that_is_no_number_is_no_score(tmp_path: Path):
    good_folder(tmp_path / "nan", float("nan"))
    assert ranking.score_of(tmp_path / "nan") is None
    assert not ranking.is_good(tmp_path / "nan")


def test_a_record_of_a_later_version_is_read(tmp_path: Path):
    values = {**dataclasses.asdict(a_record(state="DONE")), "unheard_of": 1}
    run_folder.write_json(tmp_path / run_folder.EXPERIMENT, values)
    assert records.load(tmp_path).state == "DONE"


DAMAGES = {
    "empty": "",
    "half": '{"id": "cut", ',
    "another type": "[1, 2]",
    "no process": json.dumps({**dataclasses.asdict(a_record("hurt")), "launcher_pid": -1}),
    "no port": json.dumps({**dataclasses.asdict(a_record("hurt")), "port": -1}),
    "a trial of another type": '{"trials": [{"shape": 1}]}',
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_record_is_listed_with_what_saves_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture, damage: str
):
    for name in ("good", "hurt"):
        good_folder(tmp_path / name / "t", 0.25)
        trial = TrialRow(id="t", sequence=0, state="SUCCEEDED", parameters={"lr": 0.1}, score=0.25,
                      folder="t")  # fmt: skip
        a_record(name, kind="hpo", state="DONE", trials=[trial]).save(tmp_path / name)
    whole = records.load(tmp_path / "hurt")
    (tmp_path / "hurt" / run_folder.EXPERIMENT).write_text(DAMAGES[damage])
    assert main(["list", "--runs", str(tmp_path)]) == 0
    good, hurt = capsys.readouterr().out.splitlines()[1:]
    assert good.split()[:3] == ["good", "hpo", "DONE"]
    assert hurt.split()[0] == "hurt" and "DAMAGED" in hurt
    assert main(["list", "--json", "--runs", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out)["experiments"][-1]["url"] == ""
    with pytest.raises(records.RecordDamaged, match="repair hurt"):
        records.load(records.find(tmp_path, "hu"))
    command = hurt.partition("python -m aerial_nni.run ")[2].split()
    assert main(command) == 0
    assert "experiment.json.copy" in capsys.readouterr().out
    whole.best = Best(id="t", score=0.25, folder="t")
    assert records.load(tmp_path / "hurt") == whole
    assert (tmp_path / "hurt" / "experiment.json.damaged").read_text() == DAMAGES[damage]


def test_without_a_copy_a_record_is_made_from_the_folders_of_the_trials(
    tmp_path: Path, capsys: pytest.CaptureFixture
):
    folder = tmp_path / "hurt"
    folder.mkdir()
    (folder / "options.yaml").write_text("epochs: 3\nseed: 0\n")
    (folder / run_folder.EXPERIMENT).write_text("{")
    for seed in (0, 1):
        good_folder(folder / f"t{seed}", 0.1 * (seed + 1))
        run_folder.write_json(folder / f"t{seed}" / run_folder.OPTIONS, {"epochs": 3, "seed": seed})
    assert main(["repair", "hurt", "--runs", str(tmp_path)]) == 0
    record = records.load(folder)
    assert [trial.parameters for trial in record.trials] == [{}, {"seed": 1}]
    assert record.kind == "baseline" and record.best and record.best.id == "t1"
    run_folder.write_json(folder / "t1" / run_folder.OPTIONS, {"epochs": 4, "seed": 1})
    for name in (run_folder.EXPERIMENT, run_folder.EXPERIMENT_COPY):
        (folder / name).write_text("{")
    assert main(["repair", "hurt", "--runs", str(tmp_path)]) == 0
    assert records.load(folder).kind == "unknown"  # it may have been a search: no document lies


def test_a_record_that_finds_no_room_is_still_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    a_record("hurt", state="DONE").save(tmp_path / "hurt")
    (tmp_path / "hurt" / run_folder.EXPERIMENT).write_text("{")

    def full(record: records.Record, folder: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(records.Record, "save", full)
        with pytest.raises(OSError, match="No space"):
            repair(tmp_path, "hurt", RECIPES)
    assert (tmp_path / "hurt" / run_folder.EXPERIMENT).read_text() == "{"
    (tmp_path / "hurt" / run_folder.EXPERIMENT).unlink()
    assert main(["repair", "hurt", "--runs", str(tmp_path)]) == 0
    assert records.load(tmp_path / "hurt").state == "DONE"


def test_a_running_experiment_is_not_repaired(tmp_path: Path, capsys: pytest.CaptureFixture):
    folder = tmp_path / "hurt"
    a_record("hurt").save(folder)
    (folder / run_folder.EXPERIMENT).write_text("{")
    with locked(folder):
        assert main(["repair", "hurt", "--runs", str(tmp_path)]) == 1
        assert "hurt is running in another process" in capsys.readouterr().err
    assert (folder / run_folder.EXPERIMENT).read_text() == "{"


def test_without_any_trial_a_repaired_record_has_a_limit(tmp_path: Path):
    (tmp_path / "hurt").mkdir()
    (tmp_path / "hurt" / "options.yaml").write_text("epochs: 3\n")
    (tmp_path / "hurt" / run_folder.EXPERIMENT).write_text("{")
    assert repair(tmp_path, "hurt", RECIPES)[0].limits.trials == 1


def test_a_record_is_small(tmp_path: Path):
    a_record().save(tmp_path)
    with (tmp_path / run_folder.EXPERIMENT).open("a") as file:
        file.write(" " * (16 << 20))
    with pytest.raises(records.RecordDamaged, match="more than"):
        records.load(tmp_path)


def test_a_trial_of_a_later_version_is_read(tmp_path: Path):
    trial = TrialRow(id="t", sequence=0, state="RUNNING", parameters={})
    values = dataclasses.asdict(a_record(state="DONE", trials=[trial]))
    values["trials"][0]["unheard_of"] = 1
    run_folder.write_json(tmp_path / run_folder.EXPERIMENT, values)
    assert records.load(tmp_path).trials == [trial]


def test_a_trial_has_no_folder_outside_its_experiment(tmp_path: Path):
    trial = TrialRow(id="t", sequence=0, state="DONE", parameters={}, folder="../../other")
    a_record(trials=[trial]).save(tmp_path)
    with pytest.raises(records.RecordDamaged, match="inside its folder"):
        records.load(tmp_path)


def test_a_launcher_lives_whatever_becomes_of_the_clock(monkeypatch: pytest.MonkeyPatch):
    record = a_record()
    record.launched_here()
    booted = psutil.boot_time()
    monkeypatch.setattr(psutil._psplatform, "boot_time", lambda: booted + 3600)
    assert record.alive


def test_a_list_says_where_the_web_ui_is_that_is_open(
    tmp_path: Path, capsys: pytest.CaptureFixture
):
    for name, reason in (("runs", ""), ("open", "all trials ended"), ("over", "stopped")):
        record = a_record(name, url=f"http://{name}:8080")
        record.launched_here()
        if reason:
            record.close("DONE", reason, over=name == "open")
        if name == "over":
            record.launcher_gone()
        record.save(tmp_path / name)
    assert main(["list", "--runs", str(tmp_path)]) == 0
    said = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert said["runs"].endswith("  http://runs:8080")
    assert said["open"].endswith("  http://open:8080   all trials ended")
    assert "  stopped; go on with: python -m aerial_nni.run resume over" in said["over"]
    assert "http" not in said["over"]
