"""Whether a checkpoint knows answers: pictures are compared, not names."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from aerial_nni.config.run_folder import SPLIT, read_json
from aerial_nni.data.dataset import Facts
from aerial_nni.data.pipeline.patches import Patch
from aerial_nni.data.pipeline.prepared import Prepared
from aerial_nni.data.pipeline.split_files import save_split
from aerial_nni.data.pipeline.splits import Split, split_digest
from aerial_nni.training.leakage import _meets, find_leakage, shared_patches

HEADER = {"data": "town", "split": "image", "split_digest": "another"}


def town(*digests: str, name: str = "town", patch: int = 8) -> Prepared:
    """Two patches beside each other of each picture; two pictures an area."""
    places = [(image, x) for image in range(len(digests)) for x in (0, patch)]
    patches = tuple(
        Patch(image=f"{name}{image}", area=str(image // 2), y=0, x=x, height=patch, width=patch,
              digest=digests[image])
        for image, x in places
    )  # fmt: skip
    count = len(patches)
    return Prepared(
        facts=Facts(name=name, classes=("a", "b"), palette=((0, 0, 0), (9, 9, 9))),
        images=np.zeros((count, patch, patch, 3), np.uint8),
        masks=np.zeros((count, patch, patch), np.uint8),
        patches=patches, counts=np.ones((count, 3), np.int64), patch=patch, stride=patch,
        edge="cut", fingerprint="", skipped={},
    )  # fmt: skip


def split(*val: int, of: Prepared, rule: str = "image") -> Split:
    train = tuple(i for i in range(len(of.patches)) if i not in val)
    return Split(rule=rule, seed=0, val_fraction=0.5, train=train, val=val)


def test_the_same_pictures_in_another_dataset_are_known(tmp_path: Path):
    theirs, ours = town("p", "q", "r", "s", name="folder"), town("s", "t", "q", "u")
    save_split(tmp_path / SPLIT, theirs, split(0, 1, 2, 3, of=theirs))  # trained on r and s
    checkpoint = tmp_path / "trial" / "checkpoint.safetensors"
    said = find_leakage(HEADER, checkpoint, ours, split(0, 1, 2, 3, of=ours))
    assert "with 2 of the 4 patches that validate here" in said
    assert "; train one" in said and "--split" not in said  # of other pictures
    assert find_leakage(HEADER, checkpoint, ours, split(2, 3, 4, 5, of=ours)) == ""


def test_other_pictures_of_the_same_name_are_not_refused(tmp_path: Path):
    theirs, ours = town("p", "q"), town("r", "s")
    checkpoint = tmp_path / "checkpoint.safetensors"
    said = find_leakage(HEADER, checkpoint, ours, split(0, 1, of=ours))
    assert "tells whether" in said and "--split-seed" in said  # nothing can be ruled out
    save_split(tmp_path / SPLIT, theirs, split(0, 1, of=theirs))
    assert not find_leakage(HEADER, checkpoint, ours, split(0, 1, of=ours))
    (tmp_path / SPLIT).write_text("[]")
    assert "cannot be read" in find_leakage(HEADER, checkpoint, ours, split(0, 1, of=ours))


def test_the_same_split_knows_nothing_and_another_of_these_patches_is_offered(tmp_path: Path):
    ours = town("p", "q")
    checkpoint, mine = tmp_path / "checkpoint.safetensors", split(0, 1, of=ours)
    same = {**HEADER, "split_digest": split_digest(ours, mine)}
    assert find_leakage(same, checkpoint, ours, mine) == ""
    save_split(tmp_path / SPLIT, ours, split(2, 3, of=ours))
    assert f"give --split {tmp_path / SPLIT}" in find_leakage(HEADER, checkpoint, ours, mine)


@pytest.mark.parametrize(("rule", "shared"), [("image", 0), ("tile", 2)])
def test_whole_areas_are_known_where_whole_areas_are_held_out(
    tmp_path: Path, rule: str, shared: int
):
    ours = town("p", "q", "r", "s")
    theirs = dataclasses.replace(ours, patches=ours.patches[2:4])  # trained on q alone
    save_split(tmp_path / SPLIT, theirs, split(of=theirs))
    mine = split(0, 1, of=ours, rule=rule)
    assert shared_patches(read_json(tmp_path / SPLIT), ours, mine) == shared


def test_where_patches_are_held_out_rectangles_are_compared(tmp_path: Path):
    fine, coarse = town("p"), town("p", patch=12)
    save_split(tmp_path / SPLIT, fine, split(0, of=fine))  # trained on columns 8 to 16
    found = read_json(tmp_path / SPLIT)
    for rule in ("patch", "blocks:side=8,buffer=0"):
        assert shared_patches(found, fine, split(0, of=fine, rule=rule)) == 0
        assert shared_patches(found, fine, split(1, of=fine, rule=rule)) == 1
        assert shared_patches(found, coarse, split(0, 1, of=coarse, rule=rule)) == 2


@pytest.mark.parametrize(
    ("place", "meets"),
    [
        ("16,24", True), ("10,20", False), ("11,20", True), ("24,20", False), ("23,20", True),
        ("16,10", False), ("16,11", True), ("16,36", False), ("16,35", True),
    ],
)  # fmt: skip
def test_rectangles_that_only_touch_do_not_meet(place: str, meets: bool):
    patch = Patch(image="i", area="a", y=16, x=20, height=8, width=16, digest="d")
    assert _meets(patch, [place], (6, 10)) == meets
    assert _meets(patch, ["90,90", place], (6, 10)) == meets
