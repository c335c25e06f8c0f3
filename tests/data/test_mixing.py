from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oa.data.mixing import Ingredient, drawn
from oa.errors import InvalidSetting

counts = st.integers(0, 50)
ingredients = st.lists(
    st.builds(Ingredient, st.just("x"), counts)
    | st.builds(Ingredient, st.just("x"), counts, st.floats(0.01, 1))
    | counts.filter(bool).flatmap(
        lambda most: st.builds(Ingredient, st.just("x"), st.just(most), st.none(), st.integers(1, most))
    ),
    max_size=4,
)


@given(ingredients, st.integers(0, 3), st.integers())
def test_an_epoch_has_its_share_of_every_source_and_nothing_twice(
    found: list[Ingredient], epoch: int, seed: int
) -> None:
    samples = drawn(found, epoch, seed)
    assert len(set(samples)) == len(samples)
    assert Counter(place for place, _ in samples) == Counter(
        {at: one.taken for at, one in enumerate(found) if one.taken}
    )
    assert all(0 <= at < found[place].available for place, at in samples)
    assert samples == drawn(found, epoch, seed)


def test_epochs_draw_anew_and_reach_everything() -> None:
    source = [Ingredient("x", 40, 0.25)]
    epochs = [set(drawn(source, epoch, 7)) for epoch in range(20)]
    assert all(len(epoch) == 10 for epoch in epochs)
    assert epochs[0] != epochs[1]
    assert len(set.union(*epochs)) > 35


@pytest.mark.parametrize(
    ("fraction", "size", "sentence"),
    [
        (0.5, 3, "both a fraction and a size"),
        (1.5, None, "at most 1"),
        (None, 11, "has 10 samples, so its size cannot be 11"),
    ],
)
def test_a_share_that_cannot_be_drawn_is_refused(fraction: float | None, size: int | None, sentence: str) -> None:
    with pytest.raises(InvalidSetting, match=sentence):
        Ingredient("x", 10, fraction, size)


def test_a_small_share_of_little_is_one() -> None:
    assert Ingredient("x", 3, 0.05).taken == 1
    assert Ingredient("x", 0, 0.05).taken == 0
