import nni
import pytest

from aerial_nni.config.options import BadOption
from aerial_nni.models import ModelSpec, parameter_count
from aerial_nni.models.genotype import read_genotype
from aerial_nni.nni_backend import launch
from aerial_nni.recipes.darts.options import SearchOptions
from aerial_nni.recipes.darts.search_tuner import HAND_MADE, RANDOM, ArchitectureTuner
from aerial_nni.recipes.darts.study import Plan, darts, plan_of
from aerial_nni.run import main
from aerial_nni.tuners.dispatcher_patches import NotYet
from aerial_nni.tuners.space import BadSpace

NETWORK = {"width": 4, "depth": 1, "nodes": 2, "space_to_depth": 1}
TRAINING = {"epochs": 7, "search": False}
FOUND = (
    '{"encoder":[[[["conv3",0]],[["sep3",0],["skip",1]]],[[["mb3",0]],[["dil5",0],["skip",1]]]],'
    '"decoder":[[[["conv5",0]],[["skip",0],["skip",1]]]],'
    '"down":["pool"],"up":["bilinear"],"skip":["sum"]}'
)
OTHER = FOUND.replace("conv5", "sep5")
LARGE = OTHER.replace('["skip",', '["conv5",')


def tuner(search=2, **more):
    made = ArchitectureTuner(
        {"class_name": "aerial_nni.tuners.random_grid.RandomTuner", "class_args": {"seed": 0}},
        search,
        **{"seeds": [1, 2, 3], "randoms": 4, "training": TRAINING, "network": NETWORK, **more},
    )
    made.update_search_space({"arch_lr": {"_type": "uniform", "_value": [0.001, 0.01]}})
    return made


def searched(made, *results):
    given = [made.generate_parameters(i) for i in range(len(results))]
    for i, (score, genotype) in enumerate(results):
        report = {"genotype": genotype, "bands": "3", "classes": "5"}
        made.receive_trial_result(i, given[i], {"default": score, **report})
        made.trial_end(i, success=True, parameters=given[i])
    return [{"parameter": point, "value": {"default": s, "genotype": g, "bands": "3",
             "classes": "5"}} for point, (s, g) in zip(given, results, strict=True)]  # fmt: skip


def rest(made, start=100):
    points = []
    while len(points) < 40:
        try:
            points.append(made.generate_parameters(start + len(points)))
        except nni.NoMoreTrialError:
            break
        if points[-1]["_phase"] == "search":
            return points[:-1]
    return points


def size(point):
    return parameter_count(
        ModelSpec.of(
            model=point["model"], bands=3, classes=5, width=point.get("width", 4), depth=1,
            norm="batch", dropout=0.0, upsampling="transposed",
            genotype=point.get("genotype", ""),
        ).build()
    )  # fmt: skip


def test_what_was_found_is_trained_over_seeds_beside_its_controls():
    made = tuner()
    searched(made, (0.3, FOUND), (0.4, OTHER))
    points = rest(made)
    phases = [point["_phase"] for point in points]
    assert phases == ["derived"] * 3 + ["other find"] * 3 + [RANDOM] * 4 + [HAND_MADE] * 3
    assert [point["seed"] for point in points] == [1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 1, 2, 3]
    assert [point["genotype"] for point in points[:6]] == [OTHER] * 3 + [FOUND] * 3
    assert all(point["epochs"] == 7 and point["search"] is False for point in points)
    wanted = size({"model": "derived", "genotype": OTHER})
    for point in points[6:10]:
        assert size(point) == pytest.approx(wanted, rel=0.05)
    assert size(points[-1]) == pytest.approx(wanted, rel=0.35)  # a width is a whole number
    drawn = [point["genotype"] for point in points[6:10]]
    assert len(set(drawn)) == 4
    assert all(read_genotype(genotype).depth == 1 for genotype in drawn)


@pytest.mark.parametrize(("upsampling", "width"), [("transposed", 13), ("bilinear", 14)])
def test_the_hand_made_network_is_sized_with_its_own_way_up(upsampling, width):
    plan = Plan(trials=1, seeds=(1,), randoms=0, epochs=1)
    options = SearchOptions.of(width=16, depth=1, upsampling=upsampling)
    made = ArchitectureTuner(**darts(options, plan).tuner["class_args"])
    made.update_search_space({"arch_lr": {"_type": "uniform", "_value": [0.001, 0.01]}})
    searched(made, (0.3, FOUND))
    assert rest(made)[-1]["width"] == width  # by count: 17,749 parameters are wanted


def test_after_a_resume_a_failed_search_is_made_up_for_from_its_own_seed():
    first = tuner(search=3, search_seeds=[0, 4, 5])
    given = [first.generate_parameters(i) for i in range(3)]
    assert [point["seed"] for point in given] == [0, 4, 5]
    again = tuner(search=3, search_seeds=[0, 4, 5])
    again.resumed(given[0])
    again.failed(given[1])
    value = {"default": 0.3, "genotype": FOUND, "bands": "3", "classes": "5"}
    again.import_data([{"parameter": given[2], "value": value}])
    point = again.generate_parameters(10)
    assert (point["_phase"], point["seed"]) == ("search", 4)


def test_random_architectures_can_be_trained_over_seeds_too():
    made = tuner(search=1, randoms=2, random_seeds=3)
    searched(made, (0.3, FOUND))
    points = [point for point in rest(made) if point["_phase"] == RANDOM]
    first, second = points[:3], points[3:]
    assert len({point["genotype"] for point in first}) == 1
    assert [sorted(point["seed"] for point in part) for part in (first, second)] == [[1, 2, 3]] * 2
    assert first[0]["genotype"] != second[0]["genotype"]


@pytest.mark.parametrize("several", [1, 3])
def test_all_final_trials_are_counted(several):
    plan = Plan(trials=2, seeds=(1, 2, 3), randoms=5, random_seeds=several, epochs=4)
    definition = darts(SearchOptions.of(epochs=4), plan)
    assert definition.trials == 2 + 3 * 3 + 5 * several
    arguments = definition.tuner["class_args"]
    made = ArchitectureTuner(**{**arguments, "network": NETWORK, "randoms": 2})
    made.update_search_space(definition.space)
    searched(made, (0.3, FOUND), (0.4, FOUND))
    assert [point["_phase"] for point in rest(made)].count(RANDOM) == 2 * several


def test_what_is_given_as_a_flag_is_not_searched(monkeypatch):
    class Launched(BaseException):
        pass

    def launched(definition, settings, **_):
        raise Launched(definition)

    monkeypatch.setattr(launch, "launch", launched)
    words = "darts --order second --optimizer sgd --lr 0.025 --schedule cosine"
    with pytest.raises(Launched) as caught:
        main(words.split())
    definition = caught.value.args[0]
    assert definition.options.lr == 0.025
    assert sorted(definition.space) == ["arch_lr", "arch_weight_decay", "weight_decay"]
    assert definition.method["given"] == {"lr": 0.025}


@pytest.mark.parametrize("words", ["--model derived --genotype g.json", "--genotype g.json"])
def test_an_architecture_that_is_there_is_trained_by_another_verb(
    words, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "g.json").write_text(FOUND)
    assert main(["darts", *words.split()]) != 0
    assert "--model derived" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"arch_lr": 0.0}, "--arch-lr 0.003"),
        ({"recompute": True, "variant": "gumbel"}, "--recompute"),
    ],
)
def test_what_would_do_nothing_is_refused(values, said):
    with pytest.raises(BadOption, match=said):
        SearchOptions.of(search=True, **values)


@pytest.mark.parametrize("name", ["width", "nodes", "space_to_depth", "upsampling"])
def test_what_changes_the_shape_of_a_network_is_not_searched(tmp_path, name):
    path = tmp_path / "space.yaml"
    path.write_text(f"{name}: {{_type: choice, _value: [1, 2]}}\n")
    with pytest.raises(BadSpace, match=f"{name} cannot .* give --{name.replace('_', '-')}$"):
        darts(SearchOptions(), Plan(trials=1, seeds=(1,), randoms=0, epochs=1), space_file=path)


def test_a_search_in_which_all_is_given_differs_by_its_seeds():
    plan = Plan(trials=2, seeds=(1, 3), randoms=0, epochs=1)
    names = ("arch_lr", "arch_weight_decay", "lr", "weight_decay")
    definition = darts(SearchOptions(), plan, given=names)
    assert definition.space == {"seed": {"_type": "choice", "_value": [0, 2]}}
    made = ArchitectureTuner(**definition.tuner["class_args"])
    made.update_search_space(definition.space)
    assert sorted(made.generate_parameters(number)["seed"] for number in range(2)) == [0, 2]


def test_search_trials_have_seeds_of_their_own():
    definition = darts(SearchOptions.of(seed=2), Plan(trials=3, seeds=(1, 3), randoms=0, epochs=1))
    made = ArchitectureTuner(**definition.tuner["class_args"])
    made.update_search_space(definition.space)
    assert [made.generate_parameters(number)["seed"] for number in range(3)] == [2, 4, 5]
    assert definition.method["search_seeds"] == [2, 4, 5]
    assert plan_of("scenes", seed=1).seeds == (2, 3, 4)
    with pytest.raises(BadOption, match="the seed 3 is the search's"):
        darts(SearchOptions.of(seed=3), Plan(trials=1, seeds=(1, 3), randoms=0, epochs=1))


def test_a_random_architecture_has_no_more_seeds_than_there_are():
    with pytest.raises(BadOption, match="--random-seeds 2"):
        darts(SearchOptions(), Plan(trials=1, seeds=(1, 2), randoms=1, random_seeds=3, epochs=1))


def test_the_same_find_twice_is_trained_once():
    made = tuner()
    searched(made, (0.3, FOUND), (0.4, FOUND))
    assert [point["_phase"] for point in rest(made)].count("derived") == 3


def test_no_search_follows_the_final_trials():
    made = tuner()
    searched(made, (0.3, FOUND), (0.4, FOUND))
    for number in range(3 + 4 + 3):
        assert made.generate_parameters(10 + number)["_phase"] != "search"
    with pytest.raises(nni.NoMoreTrialError, match="all final trials"):
        made.generate_parameters(20)


def added_later(made):
    """A person has the best and largest found once the final trials have begun."""
    point = {"arch_lr": 0.005, "_phase": "search"}
    report = {"default": 0.9, "genotype": LARGE, "bands": "3", "classes": "5"}
    made.added(point)
    return {"parameter": point, "value": report}


@pytest.mark.parametrize("ended", ["well", "badly"])
def test_a_search_that_a_person_adds_later_changes_no_control(ended):
    planned = tuner()
    history = searched(planned, (0.3, FOUND), (0.4, OTHER))
    points = rest(planned)
    made = tuner()
    searched(made, (0.3, FOUND), (0.4, OTHER))
    first = made.generate_parameters(50)
    entry = added_later(made)
    made.receive_trial_result(51, entry["parameter"], entry["value"], customized=True)
    made.trial_end(51, success=True, parameters=entry["parameter"])
    assert [first, *rest(made)] == points
    again = tuner()
    again.import_data(history)
    if ended == "well":
        again.import_data([{"parameter": first, "value": 0.5}])
    else:
        again.failed(first)
    again.import_data([added_later(again)])
    assert rest(again) == (points[1:] if ended == "well" else points)


def test_final_trials_wait_for_the_search():
    made = tuner()
    made.generate_parameters(0)
    made.generate_parameters(1)
    with pytest.raises(NotYet):
        made.generate_parameters(2)


def test_a_failed_search_trial_leaves_the_rest_to_go_on():
    made = tuner()
    given = [made.generate_parameters(i) for i in range(2)]
    made.trial_end(0, success=False, parameters=given[0])
    report = {"default": 0.2, "genotype": FOUND, "bands": "3", "classes": "5"}
    made.receive_trial_result(1, given[1], report)
    made.trial_end(1, success=True, parameters=given[1])
    assert [point["_phase"] for point in rest(made)].count("derived") == 3


def test_with_no_architecture_at_all_the_hand_made_network_is_trained():
    made = tuner(search=1)
    given = made.generate_parameters(0)
    with pytest.raises(NotYet):
        made.generate_parameters(1)
    made.trial_end(0, success=False, parameters=given)
    points = rest(made)
    assert [point["_phase"] for point in points] == [HAND_MADE] * 3
    assert [point["width"] for point in points] == [NETWORK["width"]] * 3
    again = tuner(search=1)
    again.failed(given)
    again.import_data([{"parameter": points[0], "value": 0.3}])
    assert rest(again) == points[1:]


def test_a_resumed_experiment_trains_what_is_left():
    whole = tuner()
    history = searched(whole, (0.3, FOUND), (0.4, OTHER))
    points = rest(whole)
    done = [{"parameter": point, "value": {"default": 0.5}} for point in points[:7]]
    again = tuner()
    again.import_data([*history, *done])
    again.resumed(points[7])
    assert rest(again) == points[8:]
