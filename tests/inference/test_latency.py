"""The time of a patch in networks that take turns."""

from pathlib import Path

from aerial_nni.config import run_folder
from aerial_nni.inference.latency import ROUNDS, WARM, _take_turns, write_latencies


def test_every_network_gets_its_time_and_is_named_with_its_checkpoint(trial: Path):
    checkpoint, folder = trial / run_folder.CHECKPOINT, trial.parent
    write_latencies(folder, {"one": checkpoint, "two": checkpoint})
    costs = run_folder.read_json(folder / run_folder.COSTS)
    assert costs["checkpoints"] == dict.fromkeys(("one", "two"), run_folder.sha256(checkpoint))
    assert costs["patch"] == 32
    assert all(0 < costs["costs"][name]["patch_seconds"] < 60 for name in ("one", "two"))


def test_networks_take_turns():
    order: list[str] = []
    found = _take_turns({"a": lambda _: order.append("a"), "b": lambda _: order.append("b")}, None)
    assert found.keys() == {"a", "b"} and order == ["a", "b"] * (WARM + ROUNDS)
