"""What a network does, found by running it: every operation with its shapes, in order.

The model is run once on tensors without content (torch's `meta` device), while every torch function
it calls is written down. So a diagram shows what the network is, not what somebody says it is.
"""

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

_KINDS = {
    "conv2d": "conv",
    "conv_transpose2d": "up",
    "interpolate": "up",
    "max_pool2d": "pool",
    "boolean_dispatch": "pool",
    "avg_pool2d": "pool",
    "cat": "cat",
    "pixel_unshuffle": "fold",
    "pixel_shuffle": "unfold",
    "batch_norm": "norm",
    "group_norm": "norm",
    "relu": "act",
    "relu_": "act",
    "gelu": "act",
    "silu": "act",
    "dropout": "dropout",
    "dropout2d": "dropout",
    "feature_dropout": "dropout",
}
"""Name of a torch function -> what it is. Others (padding, cropping) hand their input through."""

_WORDS = {
    "batch_norm": "batch norm",
    "group_norm": "group norm",
    "cat": "concatenate",
    "relu": "ReLU",
    "relu_": "ReLU",
    "gelu": "GELU",
    "silu": "SiLU",
}


@dataclass(frozen=True, kw_only=True)
class Step:
    """One operation. Shapes are (channels, height, width) of one picture."""

    kind: str
    text: str
    """What a reader is told: `conv 3×3`, `batch norm`, `max-pool 2×2`."""
    inputs: tuple[int, ...]
    """The steps whose outputs it takes; -1 is the picture."""
    shape: tuple[int, int, int]
    parameters: int
    multiply_adds: int
    field: int
    """Receptive field: width in input pixels that one output value can depend on."""
    spacing: float
    """Input pixels between two neighbouring output values."""


def trace(model: nn.Module, *, bands: int, height: int, width: int) -> list[Step]:
    """The steps of `model` for one picture of (bands, height, width). `model` stays as it is."""
    recorder = _Recorder()
    picture = torch.empty(1, bands, height, width, device="meta")
    recorder.remember(picture, -1)
    weightless = copy.deepcopy(model).to("meta").eval()
    with torch.no_grad(), recorder:
        weightless(picture)
    return recorder.steps


class _Recorder(TorchFunctionMode):
    """Writes down every torch function that is called while it is active."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[Step] = []
        self._origin: dict[int, int] = {}
        self._alive: list[Tensor] = []

    def remember(self, tensor: Tensor, step: int) -> None:
        """Notes that `tensor` is the output of `step`; keeps it, so that its id stays its own."""
        self._origin[id(tensor)] = step
        self._alive.append(tensor)

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Calls `func` and records it."""
        kwargs = kwargs or {}
        output = func(*args, **kwargs)
        given = [value for value in _tensors(args) if id(value) in self._origin]
        if isinstance(output, Tensor) and given:
            name = getattr(func, "__name__", "")
            if name in _KINDS and output.ndim == 4:
                self.steps.append(self._step(name, given, args, kwargs, output))
                self.remember(output, len(self.steps) - 1)
            else:
                self.remember(output, self._origin[id(given[0])])
        return output

    def _step(
        self,
        name: str,
        given: list[Tensor],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        output: Tensor,
    ) -> Step:
        kind, inputs = _KINDS[name], tuple(self._origin[id(value)] for value in given)
        before = [self.steps[i] for i in inputs if i >= 0]
        field = max((step.field for step in before), default=1)
        spacing = max((step.spacing for step in before), default=1.0)
        ratio = (
            given[0].shape[-1] / output.shape[-1]
        )  # 2 where the size is halved, 1/2 where doubled
        channels, height, width = (int(size) for size in output.shape[1:])
        used = _tensors([args, list(kwargs.values())])
        weights = [value for value in used if isinstance(value, nn.Parameter)]
        kernel, work = 1, 0
        if name in ("conv2d", "conv_transpose2d"):
            weight = args[1]
            kernel = int(weight.shape[-1])
            # Each weight is used once per output place (conv) or per input place (transposed).
            places = output if name == "conv2d" else given[0]
            work = weight.numel() * int(places.shape[-1]) * int(places.shape[-2])
        elif kind in ("fold", "unfold"):
            kernel = int(args[1])
        elif kind == "pool":
            kernel = int(_first(args[1] if len(args) > 1 else kwargs["kernel_size"]))
        reach = kernel - 1
        if name == "conv_transpose2d":
            reach = math.ceil(kernel * ratio) - 1
        elif kind == "unfold":
            reach = 0
        elif name == "interpolate":
            reach = 0 if kwargs.get("mode", "nearest") == "nearest" else 1
        return Step(
            kind=kind,
            text=_text(name, kernel, args, kwargs),
            inputs=inputs,
            shape=(channels, height, width),
            parameters=sum(value.numel() for value in weights),
            multiply_adds=work,
            field=field + round(reach * spacing),
            spacing=spacing * ratio,
        )


def _text(name: str, kernel: int, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """What a reader is told of one call."""
    kind = _KINDS[name]
    if name == "interpolate":
        return f"{kwargs.get('mode', 'nearest')} up-sampling"
    if name == "conv_transpose2d":
        return f"transposed conv {kernel}×{kernel}"
    if kind == "conv":
        return f"conv {kernel}×{kernel}"
    if kind == "pool":
        return f"{'mean' if name.startswith('avg') else 'max'}-pool {kernel}×{kernel}"
    if kind in ("fold", "unfold"):
        return f"{kind} {kernel}×{kernel}"
    if kind == "dropout":
        share = kwargs.get("p", args[1] if len(args) > 1 else 0.5)
        return f"dropout {share:g}"
    return _WORDS[name]


def _tensors(values: Any) -> list[Tensor]:
    """The tensors in nested tuples and lists, in order."""
    if isinstance(values, Tensor):
        return [values]
    if isinstance(values, (tuple, list)):
        return [tensor for value in values for tensor in _tensors(value)]
    return []


def _first(value: Any) -> int:
    first: int = value[0] if isinstance(value, (tuple, list)) else value
    return first
