"""Where a run computes and in which precision."""

import platform
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch

from aerial_nni.config.options import BadOption

DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


def choose_device(name: str) -> torch.device:
    """The device called `name`; `auto` is the first GPU, else the processor.

    Raises:
        BadOption: when the device is not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise BadOption(f"device={name!r} is not known; give auto, cpu, cuda or cuda:1") from None
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise BadOption(
            f"device={name!r}: torch sees {torch.cuda.device_count()} GPU(s); use --device auto"
        )
    return device


def processor_has_bf16() -> bool:
    """Whether the processor multiplies bf16 in hardware (else it is slower than fp32)."""
    capabilities = getattr(torch.cpu, "get_capabilities", None)
    if capabilities is not None:
        found = capabilities()
        return any(found.get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16"))
    check = getattr(torch.cpu, "_is_avx512_bf16_supported", None)  # torch before 2.10
    return bool(check and check())


def choose_precision(name: str, device: torch.device) -> str:
    """`bf16`, `fp16` or `fp32`; `auto` is bf16 where the hardware has it, else fp16 on a GPU."""
    if name != "auto":
        return name
    if device.type == "cuda":
        # Before Ampere bf16 is emulated: it runs, slowly.
        return "bf16" if torch.cuda.get_device_capability(device) >= (8, 0) else "fp16"
    return "bf16" if processor_has_bf16() else "fp32"


def autocast(device: torch.device, precision: str) -> AbstractContextManager[Any]:
    """The context in which the model's forward pass runs."""
    if precision == "fp32":
        return nullcontext()
    return torch.autocast(device.type, dtype=DTYPES[precision])


def machine_name(device: torch.device) -> str:
    """The device in words, for documents: the GPU's name, or the processor's and its threads."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    processor = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            processor = next(
                line.split(":", 1)[1] for line in file if line.startswith("model name")
            )
    except (OSError, StopIteration):
        pass
    threads = torch.get_num_threads()
    return f"{processor.strip()}, {threads} thread{'s' if threads > 1 else ''}"
