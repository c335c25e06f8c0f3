from __future__ import annotations

import pytest

from oa.domain.goals import Goal
from oa.domain.standing import Sample
from oa.errors import Invalid


@pytest.mark.parametrize(("collected", "progress"), [(0, 0.0), (5, 0.5), (10, 1.0), (99, 1.0)])
def test_progress_ends_at_the_goal(collected: int, progress: float) -> None:
    assert Goal(Sample.RANKING, "en", 10, collected).progress == progress


@pytest.mark.parametrize("lang", ["en", "pt-BR", "zh-Hans-CN", "gsw"])
def test_a_goal_is_for_a_language(lang: str) -> None:
    Goal(Sample.ASSISTANT_REPLY, lang, 1).check()


@pytest.mark.parametrize(
    ("lang", "wanted"), [("", 1), ("e", 1), ("en\n", 1), ("e n", 1), ("en-", 1), ("a" * 36, 1), ("en", 0), ("en", -1)]
)
def test_what_is_no_goal_is_refused(lang: str, wanted: int) -> None:
    with pytest.raises(Invalid):
        Goal(Sample.ASSISTANT_REPLY, lang, wanted).check()
