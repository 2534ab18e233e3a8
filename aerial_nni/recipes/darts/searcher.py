"""What learns beside the supernet's weights: the architecture, from its own half of the patches."""

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from aerial_nni.config.errors import UserError
from aerial_nni.config.families.unet import UNetOptions
from aerial_nni.config.options import network_of
from aerial_nni.config.run_folder import GENOTYPE, read_json, write_json
from aerial_nni.data.pipeline.batches import Batch, Batches, valid_pixels
from aerial_nni.models import ModelSpec
from aerial_nni.models.genotype import Genotype
from aerial_nni.recipes.darts.architecture import Architecture, skip_share
from aerial_nni.recipes.darts.bilevel import first_order, second_order
from aerial_nni.recipes.darts.cost import Cost, parameters
from aerial_nni.recipes.darts.operation_timing import latency
from aerial_nni.recipes.darts.options import SearchOptions
from aerial_nni.recipes.darts.supernet import Supernet
from aerial_nni.training.bn_recalibration import recalibrate
from aerial_nni.training.callback import Callback
from aerial_nni.training.device import autocast
from aerial_nni.training.seeds import derived_seed, generator

RECALIBRATION = 8
"""Batches from which a derived network's batch norms learn their statistics."""

HOT, COLD = 1.0, 0.33
"""Temperature of the variant gumbel in the first and the last epoch."""


class OnlySkips(UserError, RuntimeError):
    """Skips lead from the first epoch on in which the architecture learns."""


class Searcher(Callback):
    """DARTS (Liu, Simonyan, Yang 2019) as a callback of the training loop.

    Before each update of the weights the architecture takes a step of Adam, on a batch of its own
    half. What is scored after an epoch is the network derived so far, on the supernet's weights.
    """

    def __init__(
        self,
        supernet: Supernet,
        options: SearchOptions,
        *,
        bands: int,
        classes: int,
        halves: tuple[Batches, Batches],
        loss: Callable[[Tensor, Tensor], Tensor],
        precision: str,
        folder: Path,
    ) -> None:
        self.supernet, self.options, self.folder = supernet, options, folder
        self.bands, self.classes = bands, classes
        self.weights_half, self.architecture_half = halves
        self.device, self.precision = self.weights_half.device, precision
        self.loss = loss
        self.network = network_of(options, UNetOptions)
        self.architecture = Architecture(
            supernet.tables(),
            generator=generator(options.seed, "alpha"),
            variant=options.variant,
        ).to(self.device)
        supernet.follow(self.architecture)
        self.costs = self._costs()
        self.optimizer = torch.optim.Adam(
            self.architecture.parameters(),
            lr=options.arch_lr,
            betas=(0.5, 0.999),  # as in the paper's section 3.1.1
            weight_decay=options.arch_weight_decay,
        )
        self._epoch = -1
        self._batches: Iterator[Batch] = iter(())

    def owners(self) -> Mapping[str, nn.Module | Optimizer]:
        """The architecture and its optimiser."""
        return {"architecture": self.architecture, "architecture_optimizer": self.optimizer}

    def before_update(self, epoch: int, batch: Batch, rate: float, optimizer: Optimizer) -> None:
        """A step of the architecture, once the weights are warm.

        With `accumulate` it is on as many batches as the weights' own step, which weigh by their
        valid pixels. *differs:* the step that second order unrolls is then on the first of the
        weights' batches alone.
        """
        if epoch != self._epoch:
            self._begin(epoch)
        if epoch < self.options.warmup:
            return
        alphas = list(self.architecture.parameters())
        self.optimizer.zero_grad()  # the weights' own steps leave gradients there
        pixels = torch.zeros((), device=self.device)
        for own in islice(self._batches, self.options.accumulate):
            counted = valid_pixels(own[1])
            pixels += counted
            if self.options.order == "second":
                gradients = second_order(
                    self._loss_of, batch, own, optimizer=optimizer, rate=rate, alphas=alphas
                )
            else:
                gradients = first_order(alphas, self._loss_of(own))
            for alpha, gradient in zip(alphas, gradients, strict=True):
                added = gradient * counted
                alpha.grad = added if alpha.grad is None else alpha.grad + added
        for alpha in alphas:
            if alpha.grad is not None:
                alpha.grad /= pixels.clamp_min(1)
        for cost, target in self.costs.values():
            if target:
                penalty = cost.penalty(self.architecture, target)
                (self.options.size_weight * penalty).backward()
        self.optimizer.step()
        self.optimizer.zero_grad()

    def delivered(self, model: nn.Module, spec: ModelSpec) -> tuple[nn.Module, ModelSpec]:
        """The network derived from the architecture as it is, on the supernet's weights."""
        genotype = self.genotype()
        sizes = {name: spec.options[name] for name in ("width", "depth", "space_to_depth")}
        derived_spec = ModelSpec(
            model="derived",
            bands=spec.bands,
            classes=spec.classes,
            options={**sizes, "genotype": genotype.text(), "parts": self.options.parts},
        )
        derived = derived_spec.build().to(self.device).to(memory_format=torch.channels_last)
        derived.load_state_dict(self.supernet.inherited(genotype))
        seeds = (generator(self.options.seed, name, self._epoch) for name in ("seen", "moved"))
        batches = islice(self.weights_half.shuffled(*seeds), RECALIBRATION)
        recalibrate(derived, batches, device=self.device, precision=self.precision)
        if halted := self.halted():
            if not (self.folder / GENOTYPE).is_file():
                raise OnlySkips(
                    f"{halted} as soon as the architecture learns: nothing was found; give an "
                    f"--arch-lr below {self.options.arch_lr:g}, a --warmup of more than "
                    f"{self.options.warmup} epochs, or a higher --max-skips"
                )
        elif self._has_learnt():
            write_json(self.folder / GENOTYPE, genotype._asdict())
        return derived, derived_spec

    def keeps(self, score: float, best: float) -> bool:
        """Every epoch is kept that leaves a genotype: a search is used as it ends."""
        return not self.halted()

    def columns(self) -> Mapping[str, float]:
        """How decided the search is, the share of skips, what it costs, and every weight."""
        weights = {
            f"alpha/{label}/{name}": share
            for label, shares in self.architecture.probabilities().items()
            for name, share in shares.items()
        }
        return {
            "entropy": self.architecture.entropy(),
            "skip_share": skip_share(self.genotype()),
            **{
                f"expected_{name}": cost.expected(self.architecture).item()
                for name, (cost, _) in self.costs.items()
            },
            **weights,
        }

    def report(self) -> Mapping[str, str]:
        """What was found, for the tuner that has it trained."""
        found = json.dumps(read_json(self.folder / GENOTYPE), separators=(",", ":"))
        return {"genotype": found, "bands": str(self.bands), "classes": str(self.classes)}

    def halted(self) -> str:
        """Why the search should end: skips have taken over, once the architecture learns."""
        if not self._has_learnt():
            return ""
        share = skip_share(self.genotype())
        if share <= self.options.max_skips:
            return ""
        return f"{share:.0%} of the edges are skips (--max-skips {self.options.max_skips:g})"

    def genotype(self) -> Genotype:
        """What is derived from the architecture as it is."""
        return self.architecture.genotype(depth=self.network.depth, nodes=self.options.nodes)

    def _has_learnt(self) -> bool:
        """Whether the architecture has taken a step, in this run or before it was resumed."""
        return bool(self.optimizer.state)

    def _costs(self) -> dict[str, tuple[Cost, float]]:
        """Costs that are watched, by name, and what each should come to; 0: not penalised."""
        network = self.network
        cost = parameters(
            self.bands,
            self.classes,
            width=network.width,
            depth=network.depth,
            nodes=self.options.nodes,
            space_to_depth=network.space_to_depth,
        )
        found = {"parameters": (cost, float(self.options.target_params))}
        if target := self.options.target_milliseconds:
            images = next(self.weights_half.in_order())[0]
            cost = latency(self.supernet, images, precision=self.precision, folder=self.folder)
            found["milliseconds"] = (cost, target)
        return found

    def _loss_of(self, batch: Batch) -> Tensor:
        images, masks = batch[:2]
        with autocast(self.device, self.precision):
            return self.loss(self.supernet(images), masks)

    def _begin(self, epoch: int) -> None:
        """Everything that is drawn in an epoch follows from the seed and its number."""
        self._epoch = epoch
        done = epoch / max(1, self.options.epochs - 1)
        self.architecture.temperature = HOT + (COLD - HOT) * done
        self.architecture.generator.manual_seed(derived_seed(self.options.seed, "gumbel", epoch))
        self._batches = self._endless(epoch)

    def _endless(self, epoch: int) -> Iterator[Batch]:
        turn = 0
        while True:
            names = (f"architecture {name} {turn}" for name in ("order", "augmentation"))
            seeds = (generator(self.options.seed, name, epoch) for name in names)
            yield from self.architecture_half.shuffled(*seeds)
            turn += 1
