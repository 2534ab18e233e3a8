"""Brackets: sizes, promotions, waiting, failures, and trials of an earlier run."""

import random
from collections import Counter

import numpy as np
import pytest

from aerial_nni.tuners.brackets import Brackets, Entry
from aerial_nni.tuners.trial import Trial


def start(entry: Entry, number: int) -> Trial:
    """Hands a place out, as a tuner does."""
    if entry.config is None:
        entry.config = {"x": number}
    entry.trial = Trial(config=entry.config, unit=np.zeros(1), budget=entry.budget)
    return entry.trial


def simulate(brackets: Brackets, count: int, *, workers: int = 1, fail: int = 0, seed: int = 0):
    """Runs `count` trials on `workers`; one in `fail` fails. Entries in the order of their start.

    The loss is the configuration's number, so that earlier ones are better.
    """
    luck = random.Random(seed)
    running: list[Entry] = []
    started: list[Entry] = []
    while len(started) < count or running:
        while len(running) < workers and len(started) < count:
            entry = brackets.next()
            if entry is None:
                assert running, "it waits for nothing"
                break
            start(entry, len(started))
            running.append(entry)
            started.append(entry)
        entry = running.pop(luck.randrange(len(running)))
        assert entry.trial is not None
        if fail and luck.randrange(fail) == 0:
            entry.trial.failed = True
        else:
            entry.trial.loss = float(entry.trial.config["x"])
    return started


def sizes_of(brackets: Brackets) -> list[list[tuple[int, int]]]:
    return [[(rung.places, rung.budget) for rung in bracket.rungs] for bracket in brackets.all]


def test_the_table_of_the_paper():
    """Li et al. 2018, table 1: R = 81, eta = 3."""
    brackets = Brackets(81)
    simulate(brackets, 206)
    assert sizes_of(brackets) == [
        [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)],
        [(34, 3), (11, 9), (3, 27), (1, 81)],
        [(15, 9), (5, 27), (1, 81)],
        [(8, 27), (2, 81)],
        [(5, 81)],
    ]


def test_few_trials_still_reach_the_full_budget():
    brackets = Brackets(9, trials=12)
    simulate(brackets, 12)
    assert sizes_of(brackets) == [[(3, 3), (1, 9)], [(2, 9)], [(3, 3), (1, 9)], [(2, 9)]]


@pytest.mark.parametrize(("budget", "eta"), [(9, 3), (30, 3), (27, 3), (12, 2), (6, 4)])
def test_every_number_of_trials_is_used_and_leads_to_the_full_budget(budget: int, eta: int):
    for trials in range(1, 70):
        brackets = Brackets(budget, eta=eta, trials=trials)
        assert len(simulate(brackets, trials)) == trials
        for bracket in brackets.all:
            assert all(len(rung.entries) == rung.places > 0 for rung in bracket.rungs)
            assert bracket.rungs[-1].budget == budget
            epochs = [rung.budget for rung in bracket.rungs]
            assert epochs == sorted(set(epochs))


def test_the_best_of_each_rung_are_promoted():
    brackets = Brackets(9)
    started = simulate(brackets, 13)
    assert [entry.budget for entry in started] == [1] * 9 + [3] * 3 + [9]
    assert [entry.config for entry in started[9:]] == [{"x": 0}, {"x": 1}, {"x": 2}, {"x": 0}]


@pytest.mark.parametrize("workers", [2, 4, 7])
@pytest.mark.parametrize("fail", [0, 3])
def test_concurrent_workers_promote_the_same_ones(workers: int, fail: int):
    for seed in range(5):
        brackets = Brackets(9, trials=44)
        simulate(brackets, 44, workers=workers, fail=fail, seed=seed)
        check_promotions(brackets, complete=not fail)


def check_promotions(brackets: Brackets, *, complete: bool) -> None:
    for bracket in brackets.all:
        for below, rung in zip(bracket.rungs[:-1], bracket.rungs[1:], strict=True):
            best = [entry.config for entry in below.ranked()[: rung.places]]
            promoted = [entry.config for entry in rung.entries]
            assert Counter(map(str, promoted)) <= Counter(map(str, best))
            if below.entries and all(entry.ended for entry in below.entries) and complete:
                assert len(promoted) == rung.places


def test_a_worker_does_not_wait_for_a_rung_while_there_is_another_bracket():
    brackets = Brackets(9)
    entries = [brackets.next() for _ in range(10)]
    for number, entry in enumerate(entries):
        assert entry is not None
        start(entry, number)
    assert [entry.bracket for entry in entries if entry] == [0] * 9 + [1]


def test_the_last_trials_are_kept_for_promotions():
    brackets = Brackets(9, trials=4)
    entries = [brackets.next() for _ in range(3)]
    trials = [start(entry, number) for number, entry in enumerate(entries) if entry]
    assert brackets.next() is None and brackets.waiting
    trials[2].loss, trials[0].loss = 0.5, 0.1
    assert brackets.next() is None  # the third result may be better than both
    trials[1].failed = True
    last = brackets.next()
    assert last is not None and (last.budget, last.config) == (9, {"x": 0})


def test_who_cannot_be_overtaken_is_promoted_at_once():
    brackets = Brackets(9)
    entries = [brackets.next() for _ in range(9)]
    trials = [start(entry, number) for number, entry in enumerate(entries) if entry]
    for loss, trial in enumerate(trials[:7]):
        trial.loss = float(loss)
    entry = brackets.next()
    assert entry is not None and (entry.budget, entry.config) == (3, {"x": 0})
    start(entry, 9)
    following = brackets.next()  # the other two places depend on two trials that run
    assert following is not None and following.bracket == 1


def test_failed_trials_are_never_promoted_and_their_share_goes_to_new_ones():
    brackets = Brackets(9, trials=12)
    entries = []
    for number in range(12):
        entry = brackets.next()
        assert entry is not None
        trial = start(entry, number)
        trial.failed = entry.bracket == 0
        trial.loss = None if trial.failed else float(number)
        entries.append(entry)
    assert Counter(entry.bracket for entry in entries)[0] == 3
    assert len(entries) == 12


def test_trials_outside_the_brackets_count():
    brackets = Brackets(9, trials=12)
    brackets.elsewhere = 10
    assert len(simulate(brackets, 2)) == 2
    assert sizes_of(brackets) == [[(2, 9)]]


def test_beyond_the_number_of_trials_it_goes_on():
    brackets = Brackets(9, trials=4)
    simulate(brackets, 4)
    entry = brackets.next()
    assert entry is not None and entry.config is None


def test_without_new_configurations_the_running_ones_are_still_promoted():
    brackets = Brackets(9)
    first, second, third = (brackets.next() for _ in range(3))
    assert first and second and third
    for number, entry in enumerate((first, second)):
        start(entry, number).loss = float(number)
    brackets.close(third)
    promoted = brackets.next()
    assert promoted is not None and (promoted.budget, promoted.config) == (3, {"x": 0})


@pytest.mark.parametrize("cut", [1, 8, 13, 14, 19, 23])
def test_trials_of_an_earlier_run_find_their_places(cut: int):
    """A resumed search goes on exactly as one that was not interrupted."""
    whole = Brackets(9, trials=24)
    entries = simulate(whole, 24)
    resumed = Brackets(9, trials=24)
    for entry in entries[:cut]:
        assert entry.trial is not None
        resumed.adopt(entry.trial)
    rest = []
    for number in range(cut, 24):
        entry = resumed.next()
        assert entry is not None
        start(entry, number).loss = None
        assert entry.trial is not None
        entry.trial.loss = float(entry.trial.config["x"])
        rest.append(entry)
    wanted = [(entry.bracket, entry.rung, entry.config) for entry in entries[cut:]]
    assert [(entry.bracket, entry.rung, entry.config) for entry in rest] == wanted


@pytest.mark.parametrize("workers", [2, 3, 5])
def test_trials_of_an_earlier_run_of_many_workers_find_theirs(workers: int):
    """Brackets are begun while places of others are reserved for what runs."""
    for trials in range(4, 40):
        whole, resumed = Brackets(9, trials=trials), Brackets(9, trials=trials)
        whole.elsewhere = resumed.elsewhere = 2
        for entry in simulate(whole, trials - 2, workers=workers, seed=trials):
            assert entry.trial is not None
            found = resumed.adopt(entry.trial)
            assert found is not None and (found.bracket, found.rung) == (entry.bracket, entry.rung)
        assert sizes_of(resumed) == sizes_of(whole)


def test_a_trial_with_a_foreign_budget_is_in_no_bracket():
    brackets = Brackets(9, trials=12)
    for count in (1, 2):
        assert brackets.adopt(Trial(config={"x": 0}, unit=np.zeros(1), budget=5)) is None
        assert brackets.elsewhere == count
