from pathlib import Path

import pytest
from fast_experiments import fast

from aerial_nni.config.options import BadOption, TrialOptions
from aerial_nni.nni_backend import platforms
from aerial_nni.nni_backend.definition import BadConfig, limits_of, nni_config, read_config
from aerial_nni.recipes.baseline.study import baseline

LOCAL = Path(__file__).parents[2] / "nni_configs" / "local.yaml"


@pytest.fixture
def written(tmp_path: Path):
    def write(text: str) -> Path:
        path = tmp_path / "config.yaml"
        path.write_text(text)
        return path

    return write


def config_of(runs: Path, file: Path | None, **typed: float | None):
    values = read_config(file)
    given = fast(3)
    limits = limits_of(given, values, **typed)  # type: ignore[arg-type]
    return nni_config(given, limits, values, folder=runs / "x")


def test_limits_are_always_set(runs: Path):
    config = config_of(runs, None)
    assert (config.max_trial_number, config.trial_concurrency) == (3, 1)
    assert config.max_experiment_duration == "86400s"
    assert config.max_trial_duration == "604800s"


def test_what_is_typed_goes_before_the_file_and_the_file_before_our_own(runs: Path, written):
    file = written("trialConcurrency: 2\nmaxExperimentDuration: 2h\nmaxTrialDuration: 10m\n")
    config = config_of(runs, file)
    assert (config.trial_concurrency, config.max_experiment_duration) == (2, "7200s")
    assert config.max_trial_duration == "10m"
    config = config_of(runs, file, concurrency=3, max_minutes=1.5)
    assert (config.trial_concurrency, config.max_experiment_duration) == (3, "90s")


def test_trials_run_in_a_tiny_folder_with_the_experiments_options(runs: Path):
    config = config_of(runs, None)
    assert [path.name for path in Path(config.trial_code_directory).iterdir()] == ["README"]
    assert f"--options '{runs}/x/options.yaml' --experiment '{runs}/x'" in config.trial_command


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("trialCommand: python x.py", "trialCommand cannot be set here"),
        ("search_space: {}", "chosen by the sub-command"),
        ("trainingService: {platform: openpai}", "'openpai' is not supported"),
        ("trialConcurency: 2", "does not have field"),
        ("trialConcurrency: 0.5", "NNI does not accept"),
        ("[1, 2]", "holds a list"),
        ("a: b: c", "cannot be read"),
        ('experimentName: "a\\n"', "no letter of a name"),
        ('experiment_name: "a\\tb"', "no letter of a name"),
        (f"experimentName: {'a' * 201}", "1 to 200 letters"),
        ("experimentName: 5", "must be str"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(runs: Path, written, text: str, message: str):
    with pytest.raises(BadConfig, match=message):
        config_of(runs, written(text))


def test_a_file_that_is_missing_says_so(tmp_path: Path):
    with pytest.raises(BadConfig, match="cannot be read"):
        read_config(tmp_path / "none.yaml")


def test_the_local_configuration_is_accepted(runs: Path):
    config = config_of(runs, LOCAL)
    assert config.training_service.platform == "local"


@pytest.mark.parametrize(
    ("gpus", "concurrency", "gpu_number", "per_gpu"),
    [(0, 4, None, 1), (1, 4, None, 1), (4, 1, None, 1), (2, 2, 1, 1), (2, 4, 1, 2), (4, 6, 1, 2)],
)
def test_concurrent_trials_share_several_gpus(
    runs: Path,
    monkeypatch: pytest.MonkeyPatch,
    gpus: int,
    concurrency: int,
    gpu_number: int | None,
    per_gpu: int,
):
    monkeypatch.setattr(platforms, "gpu_count", lambda: gpus)
    config = config_of(runs, None, concurrency=concurrency)
    assert config.trial_gpu_number == gpu_number
    assert config.training_service.max_trial_number_per_gpu == per_gpu
    assert config.training_service.use_active_gpu == (True if gpu_number else None)


def test_a_baseline_has_a_trial_for_each_seed():
    given = baseline(TrialOptions.of(seed=7), [3, 5])
    assert (given.trials, given.tuner["class_args"]) == (2, {"points": [{"seed": 3}, {"seed": 5}]})
    assert baseline(TrialOptions.of(seed=7)).tuner["class_args"] == {"points": [{"seed": 7}]}


@pytest.mark.parametrize(("seeds", "message"), [([1, 1], "twice"), ([-1], "below 0")])
def test_seeds_that_make_no_sense(seeds: list[int], message: str):
    with pytest.raises(BadOption, match=message):
        baseline(TrialOptions(), seeds)
