"""Seeds are the same on every machine and differ by run, purpose and epoch."""

import torch

from aerial_nni.training.seeds import derived_seed, generator


def test_a_seed_is_known_in_advance():
    # The first 8 bytes of SHA-256 of "7/order/3", big-endian, halved.
    assert derived_seed(7, "order", 3) == 929583480629082613
    assert derived_seed(7, "order") == derived_seed(7, "order", 0)


def test_every_part_changes_it_and_it_fits_into_63_bits():
    seeds = {derived_seed(s, p, e) for s in range(5) for p in ("a", "b") for e in range(5)}
    assert len(seeds) == 50
    assert all(0 <= seed < 2**63 for seed in seeds) and max(seeds) >= 2**62


def test_a_generator_draws_by_its_seed():
    wanted = torch.Generator().manual_seed(derived_seed(1, "order", 2))
    assert torch.equal(
        torch.rand(3, generator=generator(1, "order", 2)), torch.rand(3, generator=wanted)
    )


def test_a_generator_is_of_the_first_epoch_unless_another_is_named():
    seeds = [derived_seed(1, "order"), derived_seed(1, "order", 1)]
    assert generator(1, "order").initial_seed() == seeds[0] != seeds[1]
