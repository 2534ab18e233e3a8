"""Where trials run: on this machine, on others over SSH, or in a Kubernetes cluster."""

import sys
from typing import TYPE_CHECKING

from aerial_nni.config.errors import UserError
from aerial_nni.nni_backend.address import LOCAL, is_local, own_address

if TYPE_CHECKING:
    from nni.experiment import ExperimentConfig

PLATFORMS = ("local", "remote", "frameworkcontroller")
"""NNI's names. The last has been checked against NNI's schema only, not in a cluster."""


class NotReachable(UserError):
    """Trials elsewhere could not report to this machine. The message says what to type."""


def platform_of(config: "ExperimentConfig") -> str:
    """NNI's name of where the trials run."""
    return str(config.training_service.platform)


def python_on(platform: str) -> str:
    """The Python that runs a trial; elsewhere the first in the path that the file sets up."""
    return sys.executable if platform == "local" else "python3"


def connect(config: "ExperimentConfig", host: str) -> None:
    """Tells trials elsewhere under which address they reach this machine.

    Raises:
        NotReachable: they would not, since the server listens on `host`.
    """
    service = config.training_service
    if platform_of(config) == "local":
        return
    machines = [machine.host for machine in getattr(service, "machine_list", ())]
    here = bool(machines) and all(is_local(machine) for machine in machines)
    if is_local(host) and not here:
        where = ", ".join(machines) or "the cluster"
        raise NotReachable(f"{where} cannot report to this machine; add: --host 0.0.0.0")
    if names_of(config):
        return
    config.nni_manager_ip = service.nni_manager_ip = LOCAL if here else own_address()


def names_of(config: "ExperimentConfig") -> list[str]:
    """Under which names or addresses trials elsewhere are told to reach this machine."""
    given = (config.nni_manager_ip, getattr(config.training_service, "nni_manager_ip", None))
    return [name for name in given if isinstance(name, str)]


def share_gpus(config: "ExperimentConfig") -> None:
    """Gives each of several concurrent trials a GPU of its own where this machine has several.

    With one GPU, or one trial at a time, NNI's own choice is left out of it: it refuses a GPU on
    which a desktop or another program runs, and then waits for ever.
    """
    service = config.training_service
    if platform_of(config) != "local":
        return
    gpus = gpu_count()
    if config.trial_gpu_number is None and config.trial_concurrency > 1 and gpus > 1:
        config.trial_gpu_number = 1
        if service.max_trial_number_per_gpu == 1:
            service.max_trial_number_per_gpu = -(-config.trial_concurrency // gpus)
    if config.trial_gpu_number and service.use_active_gpu is None:
        service.use_active_gpu = True


def gpu_count() -> int:
    """How many NVIDIA GPUs this machine has, as NNI counts them."""
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return 0
    try:
        return int(pynvml.nvmlDeviceGetCount())
    finally:
        pynvml.nvmlShutdown()
