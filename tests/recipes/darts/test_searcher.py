"""The callback that learns the architecture: from which batches, with what, towards what."""

from functools import partial
from pathlib import Path

import pytest
import torch
from torch.nn.functional import cross_entropy

from aerial_nni.config.options import changed
from aerial_nni.config.run_folder import GENOTYPE, LATENCY
from aerial_nni.data.dataset import VOID
from aerial_nni.models import ModelSpec
from aerial_nni.models.genotype import read_genotype
from aerial_nni.recipes.darts import searcher
from aerial_nni.recipes.darts.options import SearchOptions
from aerial_nni.recipes.darts.searcher import COLD, HOT, RECALIBRATION, OnlySkips, Searcher
from aerial_nni.recipes.darts.space import AerialSpace
from aerial_nni.recipes.darts.supernet import Supernet
from aerial_nni.training.seeds import derived_seed

OPTIONS = SearchOptions.of(search=True, epochs=3, warmup=1, width=2, depth=1, nodes=1, arch_lr=0.1)


class Half:
    """Batches that are told apart by the value of their pictures."""

    def __init__(self, value: float, count: int = 3) -> None:
        self.value, self.count, self.device = value, count, torch.device("cpu")
        self.handed, self.seeds = 0, []

    def shuffled(self, *seeds):
        self.seeds.append(tuple(seed.initial_seed() for seed in seeds))
        for _ in range(self.count):
            self.handed += 1
            yield self.batch()

    def in_order(self):
        return iter([self.batch()])

    def batch(self):
        images = torch.full((2, 3, 8, 8), self.value) + 0.1 * torch.arange(64.0).view(8, 8) / 64
        return images, torch.arange(128).view(2, 8, 8) % 2


WEIGHTS, ARCHITECTURE = 0.25, 0.75
SPEC = ModelSpec.of(model="unet", bands=3, classes=2, width=2, depth=1, norm="batch", dropout=0.0,
                 upsampling="transposed", space_to_depth=1)  # fmt: skip


def made(folder: Path, **changes) -> Searcher:
    options = changed(OPTIONS, changes)
    torch.manual_seed(0)
    supernet = Supernet(AerialSpace(3, 2, width=2, depth=1, nodes=1, parts=options.parts))
    return Searcher(
        supernet,
        options,
        bands=3,
        classes=2,
        halves=(Half(WEIGHTS), Half(ARCHITECTURE)),
        loss=cross_entropy,
        precision="fp32",
        folder=folder,
    )


def plainly(one: Searcher) -> Searcher:
    """With steps that show the size of a gradient, as those of Adam do not."""
    one.optimizer = torch.optim.SGD(one.architecture.parameters(), lr=1.0)
    return one


def stepped(one: Searcher, epoch: int = 1) -> None:
    optimizer = torch.optim.SGD(one.supernet.parameters(), lr=0.1)
    one.before_update(epoch, one.weights_half.batch(), 0.1, optimizer)


def seen_by(one: Searcher, monkeypatch) -> list[float]:
    """Values of the batches whose loss is taken, in turn."""
    seen: list[float] = []
    plain = one._loss_of

    def noted(batch):
        seen.append(round(float(batch[0].min()), 2))
        return plain(batch)

    monkeypatch.setattr(one, "_loss_of", noted)
    return seen


def test_first_order_looks_at_the_architecture_s_half_alone(tmp_path: Path, monkeypatch):
    one = made(tmp_path)
    seen = seen_by(one, monkeypatch)
    stepped(one)
    assert seen == [ARCHITECTURE]
    stepped(one, epoch=0)  # the weights warm up
    assert seen == [ARCHITECTURE]


def test_second_order_steps_on_one_half_and_judges_by_the_other(tmp_path: Path, monkeypatch):
    sgd = {"optimizer": "sgd", "schedule": "cosine", "lr": 0.1}
    one = made(tmp_path, order="second", **sgd)
    seen = seen_by(one, monkeypatch)
    stepped(one)
    assert seen == [WEIGHTS, ARCHITECTURE, WEIGHTS, WEIGHTS]


@pytest.mark.parametrize("order", ["first", "second"])
def test_with_accumulation_the_gradient_is_the_mean_over_as_many_batches(
    tmp_path: Path, monkeypatch, order: str
):
    sgd = {"optimizer": "sgd", "schedule": "cosine", "lr": 0.1}
    steps = {}
    for accumulate in (1, 3):
        one = plainly(made(tmp_path, order=order, accumulate=accumulate, **sgd))
        stepped(one)
        assert one.architecture_half.handed == accumulate
        steps[accumulate] = [alpha.detach() for alpha in one.architecture.parameters()]
    torch.testing.assert_close(steps[1], steps[3])  # all its batches are equal here


def test_added_batches_weigh_by_their_valid_pixels(tmp_path: Path, monkeypatch):
    one, two = plainly(made(tmp_path)), plainly(made(tmp_path, accumulate=2))
    images, masks = one.architecture_half.batch()
    half = masks.clone()
    half[:, :, 4:] = VOID
    quarter = torch.full_like(masks, VOID)
    quarter[:, :2, 4:] = masks[:, :2, 4:]
    monkeypatch.setattr(
        two.architecture_half, "batch", iter([(images, half), (images, quarter)]).__next__
    )
    both = torch.where(quarter != VOID, quarter, half)
    monkeypatch.setattr(one.architecture_half, "batch", lambda: (images, both))
    for searching in (one, two):
        searching.loss = partial(cross_entropy, ignore_index=VOID)
        stepped(searching)
    alphas = [list(searching.architecture.parameters()) for searching in (one, two)]
    torch.testing.assert_close(*alphas)


def test_gradients_of_the_weights_own_steps_do_not_reach_the_architecture(tmp_path: Path):
    clean, polluted = made(tmp_path), made(tmp_path)
    polluted._loss_of(polluted.weights_half.batch()).backward()
    for one in (clean, polluted):
        stepped(one)
    alphas = [list(one.architecture.parameters()) for one in (clean, polluted)]
    torch.testing.assert_close(*alphas)


def test_the_architecture_s_optimiser_is_the_paper_s(tmp_path: Path):
    optimizer = made(tmp_path, arch_lr=0.2, arch_weight_decay=0.3).optimizer
    assert isinstance(optimizer, torch.optim.Adam)
    (group,) = optimizer.param_groups
    assert (group["lr"], group["weight_decay"], group["betas"]) == (0.2, 0.3, (0.5, 0.999))


@pytest.mark.parametrize("weight", [0.0, 100.0])
def test_a_penalty_reaches_the_architecture_by_its_weight(tmp_path: Path, weight: float):
    one = made(tmp_path, target_params=1, size_weight=weight)
    cost, _ = one.costs["parameters"]
    before = cost.expected(one.architecture).item()
    for _ in range(4):
        stepped(one)
    after = cost.expected(one.architecture).item()
    assert (after < 0.95 * before) == bool(weight)


def test_a_slow_operation_is_avoided_where_time_is_penalised(tmp_path: Path):
    one = made(tmp_path, target_milliseconds=1e-6, size_weight=100.0)
    timed = {
        label: {name: 9.0 if name == "conv5" else 0.001 for name in names}
        for label, names in one.supernet.tables().items()
    }
    cost, target = one.costs["milliseconds"]
    cost.of_operations, cost.fixed = timed, 0.0
    assert target == 1e-6 and (tmp_path / LATENCY).is_file()
    for _ in range(4):
        stepped(one)
    place = "encoder0_1_0"
    shares = one.architecture.probabilities()[place]
    assert shares["conv5"] == min(shares.values())


def test_gumbel_cools_down_over_the_epochs(tmp_path: Path):
    one = made(tmp_path, variant="gumbel")
    temperatures = []
    for epoch in range(3):
        stepped(one, epoch)
        temperatures.append(one.architecture.temperature)
    assert temperatures == pytest.approx([HOT, (HOT + COLD) / 2, COLD])
    drawn = one.architecture.draw()
    assert all(isinstance(one, tuple) for one in drawn.values())  # one operation, not a mixture


def test_what_is_delivered_has_statistics_of_its_own_operations(tmp_path: Path, monkeypatch):
    one = made(tmp_path)
    stepped(one)
    batches: list = []
    plain = searcher.recalibrate

    def noted(model, given, **rest):
        batches.extend(given)
        return plain(model, iter(batches), **rest)

    monkeypatch.setattr(searcher, "recalibrate", noted)
    derived, spec = one.delivered(one.supernet, SPEC)
    assert 0 < len(batches) <= RECALIBRATION
    assert {round(float(images.min()), 2) for images, *_ in batches} == {WEIGHTS}
    assert read_genotype((tmp_path / GENOTYPE).read_text()).text() == spec.options["genotype"]
    untouched = one.supernet.inherited(one.genotype())
    assert any(
        not torch.equal(tensor, untouched[name])
        for name, tensor in derived.state_dict().items()
        if name.endswith("running_mean")
    )


def leading(one: Searcher, name: str) -> None:
    """Makes an operation that of every edge."""
    with torch.no_grad():
        for label, names in one.architecture.tables.items():
            if name in names:
                one.architecture.alphas[label].fill_(-9)
                one.architecture.alphas[label][names.index(name)] = 9


def test_batches_and_draws_follow_from_seed_epoch_and_turn(tmp_path: Path):
    one = made(tmp_path, seed=5, variant="gumbel", accumulate=4)
    draws = {}
    for epoch in (1, 2, 1):
        one._epoch = -1
        stepped(one, epoch)  # four batches, of three a turn
        state = one.architecture.generator.initial_seed()
        assert state == derived_seed(5, "gumbel", epoch)
        draws.setdefault(epoch, []).append(one.architecture_half.seeds[-2:])
    assert draws[1][0] == draws[1][1] != draws[2][0]
    assert draws[1][0] == [
        tuple(
            derived_seed(5, f"architecture {name} {turn}", 1) for name in ("order", "augmentation")
        )
        for turn in (0, 1)
    ]
    one.delivered(one.supernet, SPEC)
    assert one.weights_half.seeds == [tuple(derived_seed(5, name, 1) for name in ("seen", "moved"))]


def test_what_is_delivered_is_of_the_sizes_of_the_search(tmp_path: Path):
    one = made(tmp_path, parts=2)
    _, spec = one.delivered(one.supernet, SPEC)
    sizes = {name: SPEC.options[name] for name in ("width", "depth", "space_to_depth")}
    options = {**sizes, "genotype": one.genotype().text(), "parts": 2}
    assert spec == ModelSpec(model="derived", bands=3, classes=2, options=options)
    assert not (tmp_path / GENOTYPE).exists()  # nothing has been learnt yet


def test_a_row_says_how_decided_and_how_dear_the_search_is(tmp_path: Path):
    one = made(tmp_path)
    leading(one, "skip")
    columns = one.columns()
    shares = {name: value for name, value in columns.items() if name.startswith("alpha/")}
    assert len(shares) == sum(map(len, one.supernet.tables().values()))
    assert shares["alpha/encoder0_1_0/skip"] > 0.999
    assert columns["skip_share"] == 1
    assert columns["entropy"] == one.architecture.entropy()
    (cost, target) = one.costs["parameters"]
    assert columns["expected_parameters"] == cost.expected(one.architecture).item()
    assert target == 0 and set(one.costs) == {"parameters"}
    assert len(columns) == 3 + len(shares)


def test_a_report_is_what_the_tuner_needs(tmp_path: Path):
    one = made(tmp_path)
    stepped(one)
    one.delivered(one.supernet, SPEC)
    report = one.report()
    assert (report["bands"], report["classes"]) == ("3", "2")
    assert " " not in report["genotype"] and set(report) == {"genotype", "bands", "classes"}
    assert read_genotype(report["genotype"]) == one.genotype()


def test_skips_end_a_search_once_it_has_learnt(tmp_path: Path):
    one = made(tmp_path)
    leading(one, "skip")
    assert not one.halted() and one.keeps(0.1, 0.9)
    stepped(one)
    leading(one, "skip")
    assert one.halted() == "100% of the edges are skips (--max-skips 0.75)"
    assert not one.keeps(0.9, 0.1)
    with pytest.raises(OnlySkips, match=r"--arch-lr below 0.1, a --warmup of more than 1 epochs"):
        one.delivered(one.supernet, SPEC)
    leading(one, "conv3")
    assert not one.halted() and one.keeps(0.1, 0.9)
    one.delivered(one.supernet, SPEC)
    kept = (tmp_path / GENOTYPE).read_text()
    leading(one, "skip")
    one.delivered(one.supernet, SPEC)  # what was found before stays
    assert (tmp_path / GENOTYPE).read_text() == kept


def test_as_many_skips_as_are_allowed_do_not_end_it(tmp_path: Path):
    one = made(tmp_path, max_skips=1.0)
    stepped(one)
    leading(one, "skip")
    assert not one.halted()


def test_what_is_kept_to_go_on_is_the_architecture_and_its_optimiser(tmp_path: Path):
    one = made(tmp_path)
    owners = one.owners()
    assert set(owners) == {"architecture", "architecture_optimizer"}
    assert owners["architecture"] is one.architecture
    assert owners["architecture_optimizer"] is one.optimizer


def test_a_step_of_the_architecture_leaves_no_gradient(tmp_path: Path):
    one = made(tmp_path, target_params=1)
    stepped(one)
    assert all(alpha.grad is None for alpha in one.architecture.parameters())
