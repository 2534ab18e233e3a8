"""What `import aerial_nni` offers, and that it costs nothing until it is used."""

import doctest
import subprocess
import sys

import pytest

import aerial_nni
from aerial_nni.tuners.methods import METHODS


def test_the_example_of_the_package_runs():
    done = doctest.testmod(aerial_nni)
    assert (done.failed, done.attempted >= 5) == (0, True)


@pytest.mark.parametrize("name", aerial_nni.__all__)
def test_each_name_is_there_and_listed(name: str):
    assert getattr(aerial_nni, name) is not None
    assert name in dir(aerial_nni)


def test_every_method_s_tuner_is_offered():
    tuners = {method.class_name.rpartition(".")[2] for method in METHODS.values()}
    assert tuners <= set(aerial_nni.__all__)


def test_another_name_is_told():
    with pytest.raises(AttributeError, match="has no attribute 'load_chekpoint'"):
        aerial_nni.load_chekpoint  # noqa: B018


def test_nothing_is_imported_before_it_is_asked_for():
    script = "import aerial_nni, sys; dir(aerial_nni); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "aerial_nni" in loaded and not loaded & {"torch", "numpy", "nni", "yaml"}
