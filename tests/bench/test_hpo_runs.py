"""The benchmark of tuners: contestants, epochs, records and tables."""

import sys
import time
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import psutil
import pytest

from aerial_nni.bench.__main__ import main
from aerial_nni.bench.hpo_contestants import METHODS, Method, digest
from aerial_nni.bench.hpo_opponents import NotComparable, _distribution, _smac_parameter
from aerial_nni.bench.hpo_problems import EPOCHS, FUNCTIONS, kind
from aerial_nni.bench.hpo_records import Records, RunsFailed, run_all
from aerial_nni.bench.hpo_runs import Job, Ledger, Run, run
from aerial_nni.bench.hpo_tables import Regrets, quartiles
from aerial_nni.config.errors import ExtraMissing
from aerial_nni.nni_backend.process_reaper import is_gone
from aerial_nni.tuners import methods
from aerial_nni.tuners.space import Space

MIXED = FUNCTIONS["hartmann6-mixed"]
LIBRARIES = [name for name, method in METHODS.items() if not method.ours]


def test_the_nine_methods_take_part():
    ours = {m.name: m for m in METHODS.values() if m.ours}
    table = {m.name: m for m in methods.METHODS.values() if m.name != "grid"}
    assert set(ours) == set(table)
    for name, method in ours.items():
        assert table[name].class_name.startswith(f"{method.module}.")
        assert table[name].multi_fidelity == method.fidelity


@pytest.mark.parametrize("name", ["random", "hyperband", *LIBRARIES])
@pytest.mark.parametrize("problem", ["hartmann6-mixed", "training"])
def test_contestants_stay_in_the_space_and_spend_their_epochs(name: str, problem: str):
    method = METHODS[name]
    if not find_spec(method.module):
        pytest.skip(f'{method.module} is missing: pip install -e ".[bench]"')
    contestant = method.start(FUNCTIONS[problem], 1, 8)
    space = Space.parse(FUNCTIONS[problem].space)
    ledger = Ledger(FUNCTIONS[problem])
    lengths = []
    for _ in range(12 if method.fidelity else 2):
        config, epochs = contestant.ask()
        assert list(config) and space.encode(config).shape == (6,)
        lengths.append(epochs)
        contestant.tell(ledger.train(config, epochs))
    assert max(lengths) <= EPOCHS
    assert (min(lengths) < EPOCHS) == method.fidelity
    assert ledger.spent <= sum(lengths)


@pytest.mark.parametrize("name", ["random", "optuna-tpe", "smac3"])
def test_contestants_learn_what_others_found(name: str):
    if not find_spec(METHODS[name].module):
        pytest.skip(f'{METHODS[name].module} is missing: pip install -e ".[bench]"')
    done = run(Job(method=name, problem=MIXED.name, seed=0, trials=1, known=3))
    assert (len(done.losses), done.known) == (1, 3)


def test_unknown_kinds_are_refused():
    for translate in (_distribution, _smac_parameter):
        with pytest.raises(NotComparable, match="lr: qnormal"):
            translate("lr", kind("qnormal", 0, 1, 0.1))


def test_a_configuration_goes_on_and_costs_only_what_is_new():
    ledger, config = Ledger(MIXED), MIXED.some(1)[0]
    ledger.train(config, 3)
    assert ledger.train(config, EPOCHS) == MIXED.loss(config)
    assert (ledger.spent, ledger.started) == (EPOCHS, 1)
    ledger.train(config, 9)  # not further than it was: a new training
    assert (ledger.spent, ledger.started) == (EPOCHS + 9, 2)


def test_single_fidelity_runs_have_equal_trials():
    done = run(Job(method="random", problem="branin", seed=3, trials=7))
    assert (len(done.losses), done.started, len(done.seconds)) == (7, 7, 7)
    assert done.losses == run(Job(method="random", problem="branin", seed=3, trials=7)).losses


def a_run(method: str, seed: int, *losses: float) -> Run:
    return Run(method=method, problem="branin", seed=seed, trials=2, known=0, losses=losses,
               started=len(losses), seconds=(0.1,) * len(losses))  # fmt: skip


def test_regrets_and_ranks():
    least = FUNCTIONS["branin"].optimum
    runs = [a_run("gp", 0, 3.0, 1.0), a_run("gp", 1, 2.0), a_run("random", 0, 4.0),
            a_run("random", 1, 1.5), a_run("tpe", 0), a_run("tpe", 1, 1.5)]  # fmt: skip
    regrets = Regrets(runs, {"branin": FUNCTIONS["branin"]})
    assert regrets.of("gp", "branin") == pytest.approx([1 - least, 2 - least])
    assert np.isinf(regrets.of("tpe", "branin")[0])
    assert regrets.mean_ranks(["gp", "random"]) == {"gp": 1.5, "random": 1.5}
    assert regrets.mean_ranks(["gp", "random", "tpe"]) == {"gp": 2.0, "random": 1.75, "tpe": 2.25}
    unknown = replace(FUNCTIONS["branin"], optimum=None)
    assert Regrets(runs, {"branin": unknown}).of("gp", "branin").tolist() == [0.0, 1.0]
    assert quartiles(np.array([1.0, 2.0, 3.0, 4.0, np.inf])) == "3 (1 to 4)"


@pytest.mark.long
def test_an_interrupted_benchmark_goes_on(tmp_path, capsys):
    command = ["hpo", "--methods", "random,hyperband", "--problems", "branin", "--seeds", "2",
               "--trials", "3", "--suggest-at", "4", "--work", str(tmp_path),
               "--docs", str(tmp_path / "table.md")]  # fmt: skip
    assert main(command) == 0
    first = capsys.readouterr()
    assert "| Random |" in first.out and "## Equal epochs" in first.out
    lines = (tmp_path / "runs.jsonl").read_text().splitlines()
    assert len(lines) == 6
    (tmp_path / "runs.jsonl").write_text("\n".join([*lines[:4], lines[4][:20]]) + "\n")
    assert main(command) == 0
    again = capsys.readouterr()
    assert "4 of 6 runs are in" in again.err and "[2/2]" in again.err
    rows = [text.split("ms per")[0].split("\n| ")[0] for text in (first.out, again.out)]
    assert rows[0] == rows[1]


def test_changed_code_is_noticed(tmp_path, monkeypatch):
    job = Job(method="random", problem="branin", seed=0, trials=2)
    Records(tmp_path).add(job, run(job))
    records = Records(tmp_path)
    assert records.find(job) and not records.changed(job)
    assert not records.find(replace(job, trials=3))
    monkeypatch.setitem(METHODS["random"].__dict__, "code", "another")
    assert records.changed(job)


def test_a_digest_is_that_of_the_code_and_what_it_imports():
    assert digest("aerial_nni.tuners.random_grid") != digest("aerial_nni.tuners.tuner")
    assert digest("aerial_nni.tuners.random_grid") == METHODS["random"].code


def test_what_is_not_there_is_an_error(tmp_path, monkeypatch, capsys):
    nowhere = Method(name="gp", title="GP", start=METHODS["gp"].start, module="aerial_nni.no_gp")
    monkeypatch.setitem(METHODS, "gp", nowhere)
    with pytest.raises(ExtraMissing, match="no_gp cannot be imported"):
        nowhere.check()
    assert main(["hpo", "--methods", "gp", "--problems", "branin", "--work", str(tmp_path)]) == 1
    assert main(["hpo", "--methods", "grid", "--work", str(tmp_path)]) == 1
    assert "choose some of tpe," in capsys.readouterr().err


def test_a_run_that_fails_is_reported_and_the_others_kept(tmp_path, capsys):
    jobs = [Job(method=name, problem="branin", seed=0, trials=1) for name in ("nobody", "random")]
    records = Records(tmp_path)
    with pytest.raises(RunsFailed, match="1 of 2 runs failed"):
        run_all(jobs, records, processes=1)
    assert records.find(jobs[1])
    assert "FAILED" in capsys.readouterr().err


@pytest.mark.long
def test_the_processes_of_a_benchmark_end_with_it(tmp_path):
    words = ["--methods", "random", "--problems", "branin", "--trials", "100000", "--suggest-at=0"]
    command = [sys.executable, "-m", "aerial_nni.bench", "hpo", *words, "--work", str(tmp_path)]
    started = psutil.Popen(command)
    try:
        deadline = time.monotonic() + 120
        while len(workers := started.children(recursive=True)) < 2:  # one keeps track of resources
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        started.kill()
        started.wait()
    _, left = psutil.wait_procs(workers, timeout=30)
    assert all(map(is_gone, left))
