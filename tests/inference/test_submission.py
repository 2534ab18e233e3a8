"""The file of a contest: encoding, decoding, and the check of what was written."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from aerial_nni.inference.submission import (
    ORDERS,
    SubmissionWrong,
    check_submission,
    decode,
    encode,
    write_submission,
)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_decoded_is_what_was_encoded(order: str, share: float):
    inside = np.random.default_rng(1).random((7, 11)) < share
    assert (decode(encode(inside, order=order), (7, 11), order=order) == inside).all()


def test_pixels_are_numbered_from_one_column_by_column():
    inside = np.array([[0, 1, 1], [0, 1, 0]], bool)
    assert encode(inside) == "3 3"
    assert encode(inside, order="rows") == "2 2 5 1"
    assert encode(np.zeros((2, 2), bool)) == ""


@pytest.mark.parametrize("text", ["1", "0 1", "3 9", "2 2 3 1", "a b", "1 0"])
def test_what_is_no_encoding_is_refused(text: str):
    with pytest.raises(SubmissionWrong, match="no run-length encoding"):
        decode(text, (2, 3))


def test_a_file_is_checked_against_its_masks(tmp_path: Path):
    masks = {}
    for number in range(2):
        values = np.random.default_rng(number).integers(0, 3, (5, 4)).astype(np.uint8)
        masks[f"street {number}"] = tmp_path / f"{number}.png"
        Image.fromarray(values).save(masks[f"street {number}"])
    path = tmp_path / "submission.csv"
    write_submission(path, masks, values=(0, 1, 2))
    lines = path.read_text().splitlines()
    assert lines[0] == "ImageID_class,EncodedPixels" and len(lines) == 1 + 2 * 3
    assert lines[1].startswith("street 0_0,")
    for wrong in (
        lines[:-1],
        lines[1:],
        [*lines, "street 2_0,"],
        [*lines, lines[-1]],
        [*lines, "street 2_0"],
        [*lines[:-1], "street 1_2,1 1"],
        [],
    ):
        path.write_text("\n".join(wrong) + "\n")
        with pytest.raises(SubmissionWrong):
            check_submission(path, masks, values=(0, 1, 2))
