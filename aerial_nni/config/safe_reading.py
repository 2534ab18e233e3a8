"""Files as somebody else may have left them, read within limits: text, JSON, YAML, CSV, arrays."""

import csv
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from aerial_nni.config.errors import Damaged
from aerial_nni.config.schema import count

LARGEST = 256 << 20
"""Bytes of a text file."""

SMALL = 16 << 20
"""Bytes of a JSON file that does not grow with the images, such as a record or options."""

EXPONENT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)[eE][-+]?[0-9]+$")
"""A number such as 1e-4."""

LARGEST_YAML = 4 << 20
"""Bytes of a YAML file: people write these, and its reader is slow."""


def read_text(path: Path, *, largest: int = LARGEST) -> str:
    """The content of a regular file in UTF-8.

    Raises:
        OSError: it is not there or may not be read.
        Damaged: it is no regular file (a pipe would be waited for), too large, or no text.
    """
    size = regular(path)
    if size > largest:
        raise Damaged(f"{path} has {size} bytes, more than the {largest} that such a file may have")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Damaged(f"{path} is no text in UTF-8: {error}") from error


def regular(path: Path) -> int:
    """The size of a regular file. Raises `Damaged` for a pipe, a device or a folder."""
    if path.exists() and not path.is_file():
        raise Damaged(f"{path} is no regular file but a folder, a pipe or a device")
    return path.stat().st_size


def read_json(path: Path, *, largest: int = LARGEST) -> Any:
    """The value of a JSON file. Raises `Damaged`, or `OSError` where it is not there."""
    return parse_json(read_text(path, largest=largest), path)


def parse_json(text: str, source: object) -> Any:
    """The value of JSON; `source` names its file in errors. Raises `Damaged`."""
    try:
        value = json.loads(text, object_pairs_hook=_once)
        count(value)
        return value
    except (ValueError, RecursionError) as error:
        what = "it is empty" if not text.strip() else str(error)
        raise Damaged(f"{source} is no JSON, or not all of it: {what}") from error


def read_yaml(path: Path) -> Any:
    """The value of a YAML file. Raises `Damaged`, or `OSError` where it is not there."""
    text = read_text(path, largest=LARGEST_YAML)
    try:
        value = yaml.load(text, Loader=_Once)  # noqa: S506  a safe loader
        count(value)
        return value
    except (yaml.YAMLError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise Damaged(f"{path} is no YAML: {error}") from error


def read_plain(path: Path) -> Any:
    """The value of a JSON file where its name ends in .json, else of a YAML file.

    Raises `Damaged`, or `OSError` where it is not there.
    """
    if path.suffix.lower() != ".json":
        return read_yaml(path)
    return parse_json(read_text(path, largest=SMALL).removeprefix("\ufeff"), path)


def as_yaml(values: Any) -> str:
    """Plain values as YAML, in their order; `read_yaml` reads them back."""
    return yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file by its titles. Raises `Damaged`, or `OSError` where it is not there.

    Each row has all columns, and the last line its end: else the file is not whole.
    """
    text = read_text(path)
    if not text.endswith("\n"):
        raise Damaged(f"{path} is not whole: its last line has no end")
    try:
        rows = list(csv.reader(text.splitlines(), strict=True))
    except csv.Error as error:
        raise Damaged(f"{path} is no CSV: {error}") from error
    titles = rows[0]
    try:
        _refuse_twice(titles)
    except ValueError as error:
        raise Damaged(f"{path}, line 1: {error}") from error
    for number, row in enumerate(rows, start=1):
        if len(row) != len(titles):
            raise Damaged(f"{path}, line {number}: it has {len(row)} columns, not {len(titles)}")
    return [dict(zip(titles, row, strict=True)) for row in rows[1:]]


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an .npz file. Raises `Damaged`, or `OSError` where it is not there."""
    size = regular(path)
    try:
        with np.load(path, allow_pickle=False) as file:
            unpacked = sum(info.file_size for info in file.zip.infolist())
            if unpacked > 1200 * size + LARGEST:  # deflate cannot
                raise ValueError(f"it would unpack to {unpacked} bytes")
            return {name: file[name] for name in file.files}
    except (OSError, MemoryError):
        raise
    except Exception as error:  # NumPy, zipfile and zlib raise whatever they stumble over
        raise Damaged(f"{path} holds no arrays, or not all of them: {error}") from error


class _Once(yaml.SafeLoader):
    """YAML's safe loader, for which a key that stands twice is an error, and 1e-4 a number."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """The mapping of a node."""
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        _refuse_twice([key for key in keys if key != "<<"])
        return super().construct_mapping(node, deep)

    def construct_decimal(self, node: yaml.ScalarNode) -> int | float:
        """The number of a node. Raises `ValueError` where YAML 1.1 reads it by another base.

        It takes 1:30 for a minute and a half in seconds, and 010 for eight.
        """
        whole = node.tag.endswith(":int")
        value = self.construct_yaml_int(node) if whole else self.construct_yaml_float(node)
        text = node.value.replace("_", "").lstrip("+-")
        octal = whole and text.isdecimal() and int(text[:300]) != abs(value)
        if ":" in text or octal:
            raise ValueError(
                f"line {node.start_mark.line + 1}: {node.value} is a number of base "
                f"{60 if ':' in text else 8} to YAML; write {value} if you mean that, or "
                f"'{node.value}' in quotes for a text"
            )
        return value


class _Dumper(yaml.SafeDumper):
    """YAML's safe dumper, which puts text in quotes that the loader would read as a number."""


for _kind in ("int", "float"):
    _Once.add_constructor(f"tag:yaml.org,2002:{_kind}", _Once.construct_decimal)
for _side in (_Once, _Dumper):  # as YAML 1.2 has them; to PyYAML's 1.1 they are text
    _side.add_implicit_resolver("tag:yaml.org,2002:float", EXPONENT, list("-+0123456789."))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object. Raises `ValueError` where a key stands in it twice."""
    _refuse_twice([key for key, _ in pairs])
    return dict(pairs)


def _refuse_twice(keys: Sequence[str]) -> None:
    if len(set(keys)) < len(keys):
        twice = next(key for place, key in enumerate(keys) if key in keys[:place])
        raise ValueError(f"the key {twice!r} stands there twice")
