"""Images and masks side by side in one folder, and images that say where they lie."""

from pathlib import Path

import pytest
from made_ground import scene

from aerial_nni.data import open_dataset
from aerial_nni.data.dataset import DatasetMissing
from aerial_nni.data.pipeline.class_list import ClassListInvalid
from aerial_nni.data.pipeline.class_list_draft import write_draft
from aerial_nni.data.pipeline.ground_overlap import is_placed
from aerial_nni.data.pipeline.prepared import prepare
from aerial_nni.data.pipeline.split_checks import SplitOverlap, check_split
from aerial_nni.data.pipeline.split_making import make_split
from aerial_nni.data.pipeline.split_rules import SplitImpossible
from aerial_nni.data.pipeline.splits import Split


def open_town(town):
    return open_dataset("folder", str(town.root))


def side_by_side(town, *, image="{}_sat.jpg", mask="{}_mask.png", names=("1", "2", "3")):
    for name in names:
        truth = town.classes(count=3)
        town.image(image.format(name))
        town.save(mask.format(name), truth)
        town.truth[Path(image.format(name)).with_suffix("").as_posix()] = truth
    town.list(LISTED)
    return town


LISTED = "masks: index\nclasses: {Land: 0, House: 1, Water: 2}\n"


@pytest.mark.parametrize(
    ("image", "mask"),
    [("{}_sat.jpg", "{}_mask.png"), ("{}.png", "{}_mask.png"), ("img-{}.jpg", "label-{}.tif"),
     ("north/{}_image.png", "north/{}_gt.png")],
)  # fmt: skip
def test_images_and_masks_side_by_side(town, image, mask):
    if "/" in image:
        town.image("1_image.png")
        town.save("1_gt.png", town.classes(count=3))
        (town.root / "1_image.png").replace(town.root / "9_image.png")
        (town.root / "1_gt.png").replace(town.root / "9_gt.png")
    dataset = open_town(side_by_side(town, image=image, mask=mask))
    assert not dataset.problems and len(dataset.samples) == 3 + ("/" in image)
    for sample in dataset.samples[:3]:
        if sample.name in town.truth:
            assert (dataset.read(sample)[1] == town.truth[sample.name]).all()
    assert set(town.truth) <= {sample.name for sample in dataset.samples}


def test_what_lies_side_by_side_and_has_no_partner_is_named(town):
    side_by_side(town)
    town.image("7_sat.jpg")
    assert open_town(town).problems.keys() == {"7_sat"}
    town.image("1_rgb.jpg")
    with pytest.raises(DatasetMissing, match="an image may have several masks, such as"):
        open_town(town)
    town.list(LISTED + "image_suffix: _sat\nmask_suffix: _mask\n")
    assert len(open_town(town).samples) == 3
    town.list(LISTED + "image_suffix: _sat\n")
    with pytest.raises(DatasetMissing, match="`mask_suffix: _mask`"):
        open_town(town)


def test_a_draft_is_written_where_they_lie_side_by_side(town):
    side_by_side(town)
    (town.root / "classes.yaml").unlink()
    draft = write_draft(town.root)
    assert draft.path == town.root / "classes.yaml" and draft.classes == 3
    assert len(open_town(town).samples) == 3


def georeferenced(town, *, shifts, text=""):
    """Images of 64 m, each `shifts` metres east of one place."""
    (town.root / "images").mkdir(parents=True)
    for number, shift in enumerate(shifts):
        scene(town.root / f"images/{number}.tif", size=(64, 64), shift=(shift, 0))
        town.save(f"masks/{number}.png", town.classes(count=3))
    town.list(LISTED + text)
    return prepare(open_town(town), patch=32)


def test_images_that_show_the_same_ground_are_never_separated(town):
    prepared = georeferenced(town, shifts=(0, 40, 64, 200, 230, 400, 464, 528))
    owners = {"0": 0, "1": 0, "2": 0, "3": 1, "4": 1}  # neighbours that only touch are two
    for rule in ("image", "stratified", "tile", "blocks"):
        for seed in range(4):
            split = make_split(prepared, rule, val_fraction=0.3, seed=seed)
            sides = [{owners.get(prepared.patches[i].image) for i in side} - {None}
                     for side in (split.train, split.val)]  # fmt: skip
            assert not sides[0] & sides[1] or rule == "blocks"
    val = tuple(i for i, patch in enumerate(prepared.patches) if patch.image == "0")
    train = tuple(i for i in range(len(prepared.patches)) if i not in val)
    split = Split(rule="image", seed=0, val_fraction=0.2, train=train, val=val)
    with pytest.raises(SplitOverlap, match="both show the same ground"):
        check_split(prepared, split)


def test_where_images_lie_can_be_wrong(town):
    shifts = (0, 0, 0, 0)  # as tools write them that cut pictures without care
    prepared = georeferenced(town, shifts=shifts)
    with pytest.raises(SplitImpossible, match="shares ground with another one"):
        make_split(prepared, "image")
    town.list(LISTED + "georeference: false\n")
    prepared = prepare(open_town(town), patch=32)
    assert make_split(prepared, "image").val and not is_placed(prepared.patches)
    town.list(LISTED + "georeference: maybe\n")
    with pytest.raises(ClassListInvalid, match="georeference: 'maybe' must be true or false"):
        open_town(town)


def test_where_images_lie_counts_for_the_cache(town):
    before = georeferenced(town, shifts=(0, 100)).fingerprint
    assert open_town(town).fingerprint() == before
    scene(town.root / "images/1.tif", size=(64, 64), shift=(101, 0))
    assert open_town(town).fingerprint() != before
    town.image("images/2.png")
    town.save("masks/2.png", town.classes(count=3))
    assert not is_placed(prepare(open_town(town), patch=32).patches)
