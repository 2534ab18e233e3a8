"""The tuners beside Random and the maintained libraries: regret, rank, time of a suggestion.

Every method gets equal trials, or equal epochs where it trains some configurations shorter, on
standard functions and on a real training. Tuners are driven as NNI's server drives them, without
the server.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import torch

from aerial_nni.bench import hpo_tables
from aerial_nni.bench.hpo_contestants import METHODS
from aerial_nni.bench.hpo_problems import EPOCHS, FUNCTIONS, Problem
from aerial_nni.bench.hpo_records import Records, run_all
from aerial_nni.bench.hpo_runs import PIXELS, Job, find_problem
from aerial_nni.bench.table import Table
from aerial_nni.config.options import BadOption

PROBLEMS = (*FUNCTIONS, PIXELS)
SIZED = "hartmann6-mixed"
"""Where the time of a suggestion after many results is measured: it has every kind but one."""
SUGGESTIONS = 5


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of this benchmark."""
    parser.add_argument("--methods", default=",".join(METHODS), help="some of: %(default)s")
    parser.add_argument("--problems", default=",".join(PROBLEMS), help="some of: %(default)s")
    parser.add_argument("--trials", type=int, default=40, help="trials of a run (default: 40)")
    parser.add_argument("--seeds", type=int, default=10, help="runs of each (default: 10)")
    parser.add_argument("--suggest-at", type=int, default=200, metavar="N",
                        help="time a suggestion after N results (default: 200; 0: no)")  # fmt: skip
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time (default: 1)")
    parser.add_argument("--work", type=Path, default=Path("runs/bench-hpo"), metavar="DIR",
                        help="finished runs, to go on from (default: runs/bench-hpo)")  # fmt: skip
    parser.add_argument("--redo-changed", action="store_true",
                        help="run again what was run with other code of a method")  # fmt: skip


def measure(given: argparse.Namespace) -> Table:
    """Does the runs that are missing, and shows all of them."""
    methods = _chosen(given.methods, METHODS, flag="methods")
    for method in methods:
        METHODS[method].check()
    problems = {
        name: find_problem(name, given.data, given.data_dir)
        for name in _chosen(given.problems, PROBLEMS, flag="problems")
    }
    for name in ("trials", "seeds", "jobs"):
        if getattr(given, name) < 1:
            raise BadOption(f"--{name} {getattr(given, name)} is too few; give 1 or more")
    jobs = _jobs(given, methods, list(problems))
    records = Records(given.work)
    missing = [job for job in jobs if not records.find(job)]
    changed = [job for job in jobs if records.changed(job)]
    if given.redo_changed:
        missing += changed
    elif changed:
        names = ", ".join(sorted({job.method for job in changed}))
        print(
            f"the code of {names} has changed since it was run; --redo-changed runs it again",
            file=sys.stderr,
        )
    print(f"{len(jobs) - len(missing)} of {len(jobs)} runs are in {given.work}", file=sys.stderr)
    run_all(missing, records, processes=given.jobs)
    return _table(given, records, jobs, problems)


def _chosen(text: str, known: tuple[str, ...] | dict[str, Any], *, flag: str) -> list[str]:
    """The names in a list with commas, in the order of `known`."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise BadOption(f"--{flag} has {unknown or text!r}; choose some of {','.join(known)}")
    return [name for name in known if name in names]


def _jobs(given: argparse.Namespace, methods: list[str], problems: list[str]) -> list[Job]:
    """All runs, seed by seed."""
    where = {"data": given.data, "data_dir": given.data_dir}
    jobs = [
        Job(method=method, problem=problem, seed=seed, trials=given.trials, **where)
        for seed in range(given.seeds)
        for problem in problems
        for method in methods
    ]
    if given.suggest_at:
        jobs += [
            Job(method=method, problem=SIZED, seed=0, trials=SUGGESTIONS, known=given.suggest_at)
            for method in methods
            if METHODS[method].ours or not METHODS[method].fidelity  # others begin with a bracket
        ]
    return jobs


def _table(
    given: argparse.Namespace, records: Records, jobs: list[Job], problems: dict[str, Problem]
) -> Table:
    found = [records.find(job) for job in jobs]
    done = [record.run for record in found if record]
    runs, sized = [r for r in done if not r.known], [r for r in done if r.known]
    methods = list(dict.fromkeys(run.method for run in runs))
    full = [method for method in methods if not METHODS[method].fidelity]
    regrets = hpo_tables.Regrets(runs, problems)
    parts = [hpo_tables.by_epochs(runs, regrets, methods)] if len(full) < len(methods) else []
    if sized:
        parts.append(hpo_tables.by_size(sized))
    changed = sorted({job.method for job in jobs if records.changed(job)})
    stale = [f"The code of {', '.join(changed)} has changed since it was run."] if changed else []
    versions = sorted({METHODS[m].code for m in methods if not METHODS[m].ours})
    return Table(
        title="Hyper-parameter optimisation: simple regret",
        columns=("Method", *problems, "Mean rank", "ms per suggestion", "ms at the last"),
        rows=tuple(hpo_tables.by_trials(runs, regrets, full)) if full else (),
        parts=tuple(parts),
        notes=(
            f"Simple regret after {given.trials} trials: best loss found less the least there is; "
            f"median of {given.seeds} seeds and, in brackets, the quartiles. Mean rank: over "
            "problems and seeds, among the rows of the same table; 1 is best.",
            *(f"{name}: {problem.text}." for name, problem in problems.items()),
            f"Equal epochs: those of {given.trials} trainings of {EPOCHS} epochs. Multi-fidelity "
            "methods may train a configuration for less; one that is trained further goes on where "
            "it was. Before the last epoch a function has a learning curve's bias and noise; "
            "regrets are those of full trainings.",
            f"Every run in a process of one thread, {given.jobs} at a time; a suggestion's time "
            "is the CPU's and includes learning the result. The libraries are driven directly and "
            "know that losses repeat; SMAC3 learns after every trial. "
            f"Libraries here: {', '.join(versions) or 'none'}.",
            *stale,
        ),
        device=torch.device("cpu"),
    )
