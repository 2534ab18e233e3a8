"""Decode messages of NNI's server as JSON only, in our dispatcher and trials."""

import json
import os
from types import ModuleType

from nni.common import serializer

OURS = "AERIAL_NNI_HOME"
"""The variable that every process of our experiments is started with; see nni_patches.py."""


def in_our_experiment() -> bool:
    """Whether this process belongs to an experiment of this package, not to a foreign one."""
    return OURS in os.environ


def decode_plainly() -> None:
    """Makes `nni.load` take JSON as data: a number, a text, a list or a dictionary.

    nni/common/serializer.py `load` builds what a text names, a class or a pickle
    (`{"__nni_obj__": ...}`), and so runs the code of whoever sent a trial's parameters. What is
    not data for its option is then refused as any other wrong value is.
    """
    if "plain" in os.environ.get("AERIAL_NNI_LEAVE", "").split(","):
        return
    plain = ModuleType(serializer.json_tricks.__name__)
    vars(plain).update(
        vars(serializer.json_tricks),
        loads=lambda text, **_: json.loads(text),
        load=lambda file, **_: json.load(file),
    )
    vars(serializer)["json_tricks"] = plain
