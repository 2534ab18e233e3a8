"""Options of an architecture search, on top of those of any trial."""

from dataclasses import dataclass

from aerial_nni.config.families.unet import UNetOptions
from aerial_nni.config.options import BadOption, TrialOptions, option
from aerial_nni.recipes.darts.phases import ORDERS, VARIANTS


@dataclass(frozen=True, kw_only=True)
class SearchOptions(TrialOptions):
    """Options of one trial: it searches, or trains what was found. Blocks have U-Net's width."""

    search: bool = option(False, "search an architecture; without it the model is trained")
    order: str = option("first", "of the architecture's gradient (Liu 2019)", choices=ORDERS)
    nodes: int = option(2, "nodes of a block", low=1, high=6)
    arch_lr: float = option(3e-3, "learning rate of the architecture (Adam)", low=0.0)
    arch_weight_decay: float = option(1e-3, "weight decay of the architecture", low=0.0)
    warmup: int = option(2, "first epochs in which only the weights learn", low=0)
    variant: str = option("softmax", "softmax mixes operations, gumbel draws one", choices=VARIANTS)
    parts: int = option(1, "edges see one of so many shares of the channels (PC-DARTS)", low=1)
    recompute: bool = option(False, "keep no candidate's output: less memory, more time")
    max_skips: float = option(0.75, "share of skips among the edges that ends a search",
                              low=0.0, high=1.0)  # fmt: skip
    target_params: int = option(0, "parameters above which an architecture is penalised; 0: none",
                                low=0)  # fmt: skip
    target_milliseconds: float = option(
        0.0,
        "milliseconds of a patch, forward on the search's device, above which an architecture is "
        "penalised; 0: none",
        low=0.0,
    )
    size_weight: float = option(0.5, "weight of each of these penalties", low=0.0)

    def precisions(self) -> tuple[str, ...]:
        """A search has no loss scaling; second order takes differences too small for bf16."""
        if not self.search:
            return super().precisions()
        return ("fp32",) if self.order == "second" else ("bf16", "fp32")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.search:
            return
        network = self.network
        if not isinstance(network, UNetOptions):
            raise BadOption(
                f"search=True searches the blocks of the U-Net; model={self.model} has none: leave "
                "--model out"
            )
        for name, only in (("norm", "batch"), ("dropout", 0.0)):
            if (value := getattr(network, name)) != only:
                raise BadOption(f"{name}={value!r}: a searched network has {name}={only!r} alone")
        if self.order == "second" and self.optimizer != "sgd":
            raise BadOption(
                f"order=second unrolls a step of SGD, but optimizer={self.optimizer}; "
                "give --optimizer sgd --lr 0.025 --schedule cosine, or --order first"
            )
        if self.order == "second" and self.variant == "gumbel":
            raise BadOption(
                "order=second takes the difference of two passes, but variant=gumbel draws other "
                "operations in each; give --order first or --variant softmax"
            )
        if self.ema:
            raise BadOption(
                f"ema={self.ema:g} averages weights, but a search is scored with those that its "
                "architecture was learnt with; leave --ema out"
            )
        if self.patience:
            raise BadOption(
                f"patience={self.patience} would end a search by scores on the supernet's weights, "
                "which say little before it ends; leave --patience out"
            )
        if not self.arch_lr:
            raise BadOption(
                "arch_lr=0 leaves the architecture as it was drawn; give --arch-lr 0.003, or to "
                "train a drawn architecture: python -m aerial_nni.run baseline --model derived "
                "--genotype genotype.json"
            )
        if self.recompute and self.variant == "gumbel":
            raise BadOption(
                "recompute=True is for the outputs of many candidates, but variant=gumbel runs one "
                "alone; leave --recompute out, or give --variant softmax"
            )
        if self.precision not in ("auto", *self.precisions()):
            raise BadOption(
                f"precision={self.precision} is too coarse for a search of {self.order} order; "
                f"give one of {', '.join(self.precisions())}"
            )
        if network.width % self.parts:
            raise BadOption(f"parts={self.parts} does not divide width={network.width}")
        if self.parts > 1 and self.target_milliseconds:
            raise BadOption(
                f"parts={self.parts} with target_milliseconds: what is timed works on a share of "
                "the channels, a derived network on all of them; give --parts 1 or --target-params"
            )
        if self.warmup >= self.epochs:
            raise BadOption(
                f"warmup={self.warmup} leaves the architecture none of {self.epochs} epochs; "
                f"give --warmup {self.epochs // 3} or more --epochs"
            )
