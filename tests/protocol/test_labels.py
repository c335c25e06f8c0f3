"""Labels on the wire are the catalogue's."""

from __future__ import annotations

import pytest

from oa.domain.labels import ALL_LABELS, CATALOGUE
from oa.protocol.labels import describe


@pytest.mark.parametrize("label", ALL_LABELS)
def test_every_label_is_described_as_in_the_catalogue(label: str) -> None:
    (described,) = describe([str(label)])
    entry = CATALOGUE[label]  # type: ignore[index]
    assert (described.name, described.widget) == (entry.name.value, entry.widget.value)
    assert (described.display_text, described.help_text) == (entry.display_text, entry.help_text)


def test_descriptions_keep_the_order_that_was_asked_for() -> None:
    assert [entry.name for entry in describe(["violence", "spam"])] == ["violence", "spam"]
