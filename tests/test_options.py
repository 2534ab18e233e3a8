import argparse

import pytest

from aerial_nni.config.flags import add_trial_flags, resolve_flags
from aerial_nni.config.options import (
    BadOption,
    TrialOptions,
    as_dict,
    changed,
    load_options,
    option_fields,
)


def test_a_misspelt_key_names_the_nearest_one():
    with pytest.raises(BadOption, match="did you mean weight_decay"):
        changed(TrialOptions(), {"weight_deca": 0.1})


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"width": 0}, "below 1; give 1 or more"),
        ({"width": 16.5}, "is a float; give a int"),
        ({"dropout": 1.5}, "above 0.95"),
        ({"lr": float("nan")}, "below 0"),
        ({"norm": "layer"}, "choose one of batch, group, none"),
        ({"flip": "yes"}, "is a str; give a bool"),
        ({"epochs": True}, "is a bool; give a int"),
        ({"lr": {"__nni_obj__": "gASV" * 99}}, r"^lr=\{.{,60}\} is a dict; give a float$"),
        ({"void_classes": [{"__class__": 1}]}, r"^void_classes holds .* a dict; give texts$"),
        ({"loss": "huber"}, "names of ce, dice"),
    ],
)
def test_a_value_that_cannot_be_used_says_what_can(values, text):
    with pytest.raises(BadOption, match=text):
        changed(TrialOptions(), values)


def test_a_tuners_numbers_are_fitted_where_nothing_is_lost():
    options = changed(TrialOptions(), {"width": 16.0, "lr": 1, "void_classes": ["Road"], "flip": 0})
    assert (options.network.width, options.lr, options.void_classes) == (16, 1.0, ("Road",))
    assert options.flip is False
    assert isinstance(options.network.width, int)


def test_options_survive_a_yaml_file(tmp_path):
    path = tmp_path / "options.yaml"
    path.write_text("lr: 1e-4\nwidth: 8\nvoid_classes: [Unlabeled]\n")
    options = load_options(path)
    assert options == changed(
        TrialOptions(), {"lr": 1e-4, "width": 8, "void_classes": ("Unlabeled",)}
    )
    assert changed(TrialOptions(), as_dict(options)) == options


def test_a_file_that_is_no_mapping_is_refused(tmp_path):
    path = tmp_path / "options.yaml"
    path.write_text("- lr\n")
    with pytest.raises(BadOption, match="one `option: value` a line"):
        load_options(path)


def test_a_file_that_is_not_there_is_named_and_what_it_should_hold(tmp_path):
    path = tmp_path / "none.yaml"
    with pytest.raises(BadOption, match=f"--options {path} cannot be read.*`option: value` a line"):
        load_options(path)


def test_every_option_has_a_flag_with_help_and_the_file_comes_before_flags(tmp_path):
    parser = argparse.ArgumentParser()
    add_trial_flags(parser)
    path = tmp_path / "options.yaml"
    path.write_text("width: 8\nepochs: 3\n")
    given = parser.parse_args(["--options", str(path), "--epochs", "7", "--no-flip"])
    assert resolve_flags(given, TrialOptions).options == TrialOptions.of(
        width=8, epochs=7, flip=False
    )
    text = parser.format_help()
    for spec in option_fields(TrialOptions()):
        assert "--" + spec.name.replace("_", "-") in text
        assert spec.metadata["help"]
