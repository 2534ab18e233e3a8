"""Seeds of the trials that are compared: which may be, and which are where none are given."""

from collections.abc import Sequence

from aerial_nni.config.options import BadOption


def check_seeds(seeds: Sequence[int]) -> None:
    """Raises `BadOption` unless these can be the seeds of so many trials that are else equal."""
    for seed in seeds:
        if seeds.count(seed) > 1:
            raise BadOption(f"the seed {seed} is given twice; the same trial twice tells nothing")
        if seed < 0:
            raise BadOption(f"seed={seed} is below 0; give 0 or more")


def check_final_seeds(seeds: Sequence[int], *, search: int) -> None:
    """Raises `BadOption` unless these can be the seeds of final trials after a search with one."""
    check_seeds(seeds)
    if search in seeds:
        raise BadOption(
            f"the seed {search} is the search's: the best trial was picked by its luck with it, "
            "and what it is compared with was not; give the final trials other seeds, or the "
            "search another --seed"
        )


def final_seeds(search: int, usual: Sequence[int] = (1, 2, 3)) -> tuple[int, ...]:
    """The `usual` seeds of final trials; in place of the search's, the next after them."""
    others = [seed for seed in (*usual, max(usual) + 1) if seed != search]
    return tuple(others[: len(usual)])
