from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from oa.data.splitting import family_of, held_out
from oa.domain.samples import About, Conversation, PlainText, Speaker, Turn

families = st.sets(st.text(max_size=5), max_size=60)


@given(families, st.floats(0, 1), st.integers())
def test_the_share_is_right_and_neither_side_is_empty(found: set[str], share: float, seed: int) -> None:
    away = held_out(found, share, seed)
    assert away <= found
    if len(found) > 1 and share > 0:
        assert 1 <= len(away) < len(found)
        assert abs(len(away) - share * len(found)) <= 1
    assert away == held_out(list(found), share, seed)


@given(families, st.text(min_size=6, max_size=8))
def test_hardly_any_family_changes_sides_when_one_comes_in(found: set[str], new: str) -> None:
    assert len(held_out(found, 0.2, 1) ^ held_out(found | {new}, 0.2, 1)) <= 2


def test_samples_of_one_tree_or_one_question_belong_together() -> None:
    def asked(text: str, system: str, **about: str) -> Conversation:
        return Conversation((Turn(Speaker.SYSTEM, system), Turn(Speaker.USER, text)), about=About(**about))

    assert family_of(asked("a", "s", tree="t")) == family_of(asked("b", "s", tree="t"))
    assert family_of(asked("a", "s")) == family_of(asked("a", "other"))
    assert family_of(asked("a", "s")) != family_of(asked("b", "s"))
    assert family_of(PlainText("words")) == "words"
