from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from sample_trees import message, name_of, tree

from oa.data.filters import Edit, Filter, Privacy, Rules, Threshold, clean, threshold, with_texts
from oa.domain.lifecycle import TreeState
from oa.domain.records import TreeRecord
from oa.domain.review import LabelMean
from oa.domain.samples import (
    About,
    Conversation,
    PlainText,
    Preference,
    Prompt,
    RankedGroup,
    Sample,
    Speaker,
    Turn,
    Verdict,
    texts_of,
)
from oa.domain.selection import Selection, Share
from oa.domain.tree import Role
from oa.errors import InvalidSetting

U, A = Speaker.USER, Speaker.ASSISTANT


def talk(question: str = "question", answer: str = "answer", lang: str | None = None, **labels: float) -> Conversation:
    return Conversation((Turn(U, question), Turn(A, answer, labels=labels)), about=About(lang=lang))


def left(samples: list[Sample], **rules: Any) -> tuple[list[Sample], dict[str, int]]:
    one = Filter(Rules(**rules))
    return [kept for sample in samples for kept in one.kept(sample)], dict(one.dropped)


@pytest.mark.parametrize(
    ("reason", "good", "bad", "rules"),
    [
        ("language", talk(lang="de"), talk(lang="en"), {"langs": frozenset({"de"})}),
        ("language", talk(lang="de"), talk(), {"langs": frozenset({"de"})}),
        ("length", talk("long enough"), talk("no"), {"fewest_characters": 3}),
        ("length", talk(), talk("x" * 50), {"most_characters": 20}),
        ("turns", talk(), Conversation(talk().turns * 2), {"most_turns": 3}),
        ("turns", Conversation(talk().turns * 2), talk(), {"fewest_turns": 3}),
        ("labels", talk(quality=0.5), talk(quality=0.4), {"labels": (Threshold("quality", True, 0.5),)}),
        ("labels", talk(), talk(toxicity=0.4), {"labels": (Threshold("toxicity", False, 0.2),)}),
        ("refusal", talk("Are you ChatGPT?"), talk(answer="As an AI language model, I can't."), {"refusals": False}),
        ("refusal", talk(), talk(answer="I\u2019m sorry, but I can\u2019t do that."), {"refusals": False}),
        ("phrase", talk(), talk("Click HERE"), {"phrases": ("click here",)}),
        ("personal data", talk(), talk("mail a@firma.org"), {"privacy": Privacy.DROP}),
    ],
)
def test_a_rule_keeps_one_and_drops_the_other(reason: str, good: Sample, bad: Sample, rules: dict[str, Any]) -> None:
    assert left([good, bad], **rules) == ([good], {reason: 1})
    assert left([good, bad]) == ([good, bad], {})


def test_personal_data_is_redacted_everywhere_and_counted() -> None:
    one = Filter(Rules(privacy=Privacy.REDACT))
    (kept,) = one.kept(talk("a@firma.org and b@firma.org", "call +49 30 901820"))
    assert list(texts_of(kept)) == ["[E-MAIL] and [E-MAIL]", "call [PHONE NUMBER]"]
    assert one.changed == {"an e-mail address": 2, "a telephone number": 1}


@pytest.mark.parametrize(
    ("dirty", "tidy"),
    [
        ("It is blue.[1][2] Also red [3], they say [^4^].", "It is blue. Also red, they say."),
        (r"snake\_case and \*stars\*", "snake_case and *stars*"),
        ("a[i] = [1, 2] and numbers = [3]", "a[i] = [1, 2] and numbers = [3]"),
    ],
)
def test_cleaning_takes_out_footnotes_and_leaves_lists(dirty: str, tidy: str) -> None:
    assert clean(dirty) == tidy


@pytest.mark.parametrize(
    "sample",
    [
        talk(),
        Prompt(talk().turns),
        Preference(talk().turns, Turn(A, "b"), Turn(A, "c")),
        RankedGroup(talk().turns, (Turn(A, "b"), Turn(A, "c")), (0, 1)),
        Verdict(talk().turns, Turn(A, "b"), True),
        PlainText("text"),
        tree(message(1, 0)),
    ],
)
def test_every_text_of_every_kind_is_reached(sample: Sample) -> None:
    assert list(texts_of(with_texts(sample, str.upper))) == [text.upper() for text in texts_of(sample)]
    assert with_texts(sample, str) == sample


# --- trees -----------------------------------------------------------------------------------------------------------


def grown(**fields: Any) -> TreeRecord:
    """A prompt with the replies 1 and 2; 3 answers 1. `fields` are those of message 1."""
    made = tree(message(1, 0, **fields), message(2, 0), message(3, 1), review_result=True, lang="en")
    accepted = tuple(
        one if one.id == name_of(1) else dataclasses.replace(one, review_result=True) for one in made.messages
    )
    return dataclasses.replace(made, state=TreeState.READY_FOR_EXPORT, messages=accepted)


def ids(trees: list[Sample]) -> list[list[int]]:
    return [[int(one.id[-3:]) for one in found.messages] for found in trees if isinstance(found, TreeRecord)]


@pytest.mark.parametrize(
    ("fields", "rules"),
    [
        ({"deleted": True, "review_result": True}, {"selection": Selection()}),
        ({"review_result": False}, {"selection": Selection()}),
        ({"text": "x" * 50}, {"most_characters": 20}),
        ({"text": "As an AI language model"}, {"refusals": False}),
        ({"text": "a@firma.org"}, {"privacy": Privacy.DROP}),
        ({"labels": {"quality": LabelMean(0.1, 3)}}, {"labels": (Threshold("quality", True, 0.5),)}),
        ({}, {"edits": {name_of(1): Edit(delete=True)}}),
    ],
)
def test_a_message_goes_with_what_answers_it(fields: dict[str, Any], rules: dict[str, Any]) -> None:
    found, _ = left([grown(**fields)], **rules)
    assert ids(found) == [[0, 2]]


def test_a_tree_without_its_prompt_goes() -> None:
    assert left([grown()], edits={name_of(0): Edit(delete=True)})[0] == []


@pytest.mark.parametrize(
    ("fields", "selection", "found"),
    [
        ({"synthetic": True, "review_result": True}, Selection(), []),
        ({"synthetic": True, "review_result": True}, Selection(synthetic=Share.ALSO), [[0, 1, 2, 3]]),
        ({"review_result": True}, Selection(synthetic=Share.ONLY), []),
        ({"review_result": False}, Selection(spam=Share.ONLY), [[1]]),
        ({"review_result": True, "deleted": True}, Selection(deleted=Share.ONLY), [[1]]),
        ({"review_result": True}, Selection(prompts_only=True), [[0]]),
        ({"review_result": True}, Selection(state=TreeState.RANKING), []),
    ],
)
def test_trees_are_selected_as_by_an_export(
    fields: dict[str, Any], selection: Selection, found: list[list[int]]
) -> None:
    assert ids(left([grown(**fields)], selection=selection)[0]) == found


def test_edits_change_the_text_of_their_message_alone() -> None:
    edits = {name_of(1): Edit(text="new"), name_of(2): Edit(find="text", replace="word")}
    ((kept,), _) = left([grown()], edits=edits)
    assert list(texts_of(kept)) == ["text 0", "new", "word 2", "text 3"]


def test_a_trees_language_is_that_of_its_prompt() -> None:
    assert left([grown(lang="de")], langs=frozenset({"en"}))[1] == {}
    assert left([grown(lang="de")], langs=frozenset({"de"})) == ([], {"language": 1})


def test_a_threshold_is_typed_like_a_comparison() -> None:
    assert threshold("quality >= 0.5") == Threshold("quality", True, 0.5)
    assert threshold("toxicity<=1") == Threshold("toxicity", False, 1.0)
    for wrong in ("quality", "quality>0.5", "quality>=high", "quality>=1.2.3"):
        with pytest.raises(InvalidSetting, match=r"like quality>=0\.5"):
            threshold(wrong)


def test_roles_decide_what_is_an_answer() -> None:
    asked = tree(message(1, 0), text="As an AI language model", role=Role.PROMPTER)
    assert left([asked], refusals=False)[1] == {}
