"""Where a run computes and in which precision."""

import io

import pytest
import torch

from aerial_nni.config.options import BadOption
from aerial_nni.training import device as module
from aerial_nni.training.device import (
    autocast,
    choose_device,
    choose_precision,
    machine_name,
    processor_has_bf16,
)

CPU, GPU = torch.device("cpu"), torch.device("cuda")


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch):
    """Sets how many GPUs torch sees and what they can do."""

    def there(count: int, capability: tuple[int, int] = (8, 0)) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)

    return there


def test_auto_is_the_first_gpu_or_the_processor(gpus):
    gpus(0)
    assert choose_device("auto") == CPU == choose_device("cpu")
    gpus(2)
    assert choose_device("auto") == GPU
    assert choose_device("cuda:1") == torch.device("cuda", 1)
    assert choose_device("cpu") == CPU


def test_a_device_that_is_not_there_is_refused(gpus):
    gpus(1)
    assert choose_device("cuda") == GPU
    with pytest.raises(BadOption, match="device='cuda:1': torch sees 1 GPU.*--device auto"):
        choose_device("cuda:1")
    gpus(0)
    with pytest.raises(BadOption, match="torch sees 0 GPU"):
        choose_device("cuda")
    with pytest.raises(BadOption, match="device='gpu' is not known; give auto, cpu, cuda"):
        choose_device("gpu")


@pytest.mark.parametrize(
    ("capability", "precision"), [((7, 5), "fp16"), ((8, 0), "bf16"), ((9, 0), "bf16")]
)
def test_a_gpu_takes_bf16_from_ampere_on(gpus, capability: tuple[int, int], precision: str):
    gpus(1, capability)
    assert choose_precision("auto", GPU) == precision
    assert choose_precision("fp32", GPU) == "fp32"


@pytest.mark.parametrize("hardware", [True, False])
def test_a_processor_takes_bf16_where_it_multiplies_it(monkeypatch, hardware: bool):
    monkeypatch.setattr(module, "processor_has_bf16", lambda: hardware)
    assert choose_precision("auto", CPU) == ("bf16" if hardware else "fp32")
    assert choose_precision("fp16", CPU) == "fp16"


@pytest.mark.parametrize("name", ["avx512_bf16", "amx_bf16", "bf16"])
def test_capabilities_of_the_processor_by_name(monkeypatch, name: str):
    found: dict[str, bool] = {"avx2": True}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found, raising=False)
    assert not processor_has_bf16()
    found[name] = True
    assert processor_has_bf16()


@pytest.mark.parametrize("has", [True, False])
def test_capabilities_as_older_torch_says_them(monkeypatch, has: bool):
    monkeypatch.setattr(torch.cpu, "get_capabilities", None, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: has, raising=False)
    assert processor_has_bf16() == has
    monkeypatch.delattr(torch.cpu, "_is_avx512_bf16_supported")
    assert not processor_has_bf16()


@pytest.mark.parametrize(
    ("precision", "dtype"),
    [("fp32", torch.float32), ("bf16", torch.bfloat16), ("fp16", torch.float16)],
)
def test_products_are_taken_in_the_precision(precision: str, dtype: torch.dtype):
    with autocast(CPU, precision):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == dtype


def test_a_machine_is_named_by_its_processor_and_threads(monkeypatch):
    text = "processor : 0\nmodel name\t: Fast : 3 GHz \nmodel name\t: other\n"
    monkeypatch.setattr("builtins.open", lambda *_, **__: io.StringIO(text))
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)
    assert machine_name(CPU) == "Fast : 3 GHz, 4 threads"
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    assert machine_name(CPU) == "Fast : 3 GHz, 1 thread"
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"card {device}")
    assert machine_name(GPU) == "card cuda"


@pytest.mark.parametrize("text", ["", None])
def test_without_a_name_in_proc_the_platform_s_counts(monkeypatch, text: str | None):
    def opened(*_: object, **__: object) -> io.StringIO:
        if text is None:
            raise OSError
        return io.StringIO(text)

    monkeypatch.setattr("builtins.open", opened)
    monkeypatch.setattr(module.platform, "processor", lambda: "")
    monkeypatch.setattr(module.platform, "machine", lambda: "riscv64")
    assert machine_name(CPU).startswith("riscv64, ")
    monkeypatch.setattr(module.platform, "processor", lambda: "R1")
    assert machine_name(CPU).startswith("R1, ")
