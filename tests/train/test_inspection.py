from __future__ import annotations

from typing import Any

import pytest

from oa.domain.samples import Conversation, PlainText, RankedGroup, Speaker, Turn
from oa.errors import BadTrainingData
from oa.train.inspection import Findings, check, inspected, pieces
from oa.train.recipe import Inspection
from oa.train.tokens import Encoder, Limits, prepare_tokenizer

U, A, T = Speaker.USER, Speaker.ASSISTANT, Speaker.TOOL


@pytest.fixture
def encoder(make_tokenizer: Any) -> Encoder:
    tokenizer = make_tokenizer()
    prepare_tokenizer(tokenizer, "oasst-v2.5")
    return Encoder(tokenizer, "oasst-v2.5", Limits(max_length=30))


def asked(question: str, *turns: Turn) -> Conversation:
    return Conversation((Turn(U, question), *turns))


def test_everything_is_counted_and_only_what_teaches_is_kept(encoder: Encoder) -> None:
    samples = [
        asked("q", Turn(A, "fine")),
        asked("q", Turn(A, "x" * 50)),
        asked("q" * 50, Turn(A, "a")),
        asked("q", Turn(T, "3"), Turn(A, "a")),
        PlainText("words"),
    ]
    kept, found = inspected(samples, encoder)
    assert (found.samples, found.truncated, found.masked, found.dropped) == (5, 2, 1, 1)
    assert len(kept) == 3
    assert found.longest == 30
    assert found.learned == sum(one.learned for one in kept) > 0
    assert list(found.reasons) == ["the format oasst-v2.5 has no place for the role tool"]


def test_every_reply_of_a_ranking_is_shown_with_what_it_answers(encoder: Encoder) -> None:
    group = RankedGroup((Turn(U, "q"),), (Turn(A, "good"), Turn(A, "bad")), (0, 1))
    kept, _ = inspected([group], encoder)
    assert ["".join(one.text for one in pieces(sample, encoder.tokenizer) if one.is_learned) for sample in kept] == [
        "good<|endoftext|>",
        "bad<|endoftext|>",
    ]


def test_pieces_are_the_text_cut_where_what_counts_begins_and_ends(encoder: Encoder) -> None:
    (sample,), _ = inspected([asked("q", Turn(A, "a"))], encoder)
    found = pieces(sample, encoder.tokenizer)
    assert [(one.text, one.is_learned) for one in found] == [
        ("<|prompter|>q<|endoftext|><|assistant|>", False),
        ("a<|endoftext|>", True),
    ]


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (Findings(), "the data is empty"),
        (Findings(samples=10, masked=2), "2 of 10 samples would teach nothing"),
        (Findings(samples=10, dropped=2), "2 have no place in the template"),
        (Findings(samples=10, truncated=6), "6 of 10 samples would be cut: raise training.max_length"),
    ],
)
def test_training_is_refused_where_too_much_is_lost(found: Findings, sentence: str) -> None:
    with pytest.raises(BadTrainingData, match=sentence):
        check(found, Inspection())


def test_a_little_loss_is_allowed_and_all_of_it_never() -> None:
    check(Findings(samples=10, masked=1, truncated=5), Inspection())
    check(Findings(samples=10, masked=5, truncated=9), Inspection(most_lost=0.5, most_truncated=1.0))
    with pytest.raises(BadTrainingData):
        check(Findings(samples=2, masked=2), Inspection(most_lost=1.0))
