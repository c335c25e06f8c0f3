from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oa.domain.samples import About, Conversation, PlainText, Speaker, Turn
from oa.domain.templates import FORMATS, OASST_TOKENS
from oa.errors import BadTemplate, InvalidSetting
from oa.train.tokens import IGNORED, Encoded, Encoder, Limits, embedding_rows, prepare_tokenizer

S, U, A, T = Speaker.SYSTEM, Speaker.USER, Speaker.ASSISTANT, Speaker.TOOL

DUMMY = Conversation((Turn(U, "Dummy Question?"), Turn(A, "Dummy Answer."), Turn(U, "Q2"), Turn(A, "A2")))
DUMMY_IDS = [2, 42, 358, 83, 95, 227, 55, 440, 341, 79, 327, 37, 0, 3, 42, 358, 83, 95, 227, 501, 89, 93, 331, 20, 0, 2,
             55, 24, 0, 3, 39, 24, 0]  # fmt: skip

GENERATION = (
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}</s>\n{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
FORGETS = (
    "{% for m in messages %}<{{ m.role }}>{% if m.role == 'assistant' and not loop.last %}...{% else %}{{ m.content }}"
    "{% endif %}</s>{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"
)


@pytest.fixture(scope="module", params=FORMATS)
def encoder(request: pytest.FixtureRequest, make_tokenizer: Any) -> Encoder:
    return prepared(make_tokenizer(), request.param)


def prepared(tokenizer: Any, template: str, **limits: Any) -> Encoder:
    prepare_tokenizer(tokenizer, template)
    return Encoder(tokenizer, template, Limits(**limits))


def own(tokenizer: Any, template: str) -> Encoder:
    tokenizer.chat_template = template
    return prepared(tokenizer, "own")


def talk(*texts: str, system: str | None = None) -> Conversation:
    """Turns of the user and the assistant, in turn."""
    turns = [Turn(U if at % 2 == 0 else A, text) for at, text in enumerate(texts)]
    return Conversation((*([Turn(S, system)] if system else []), *turns))


def learned(encoder: Encoder, encoded: Encoded) -> list[str]:
    """The runs of tokens that count, as text."""
    runs: list[list[int]] = [[]]
    for label in encoded.labels:
        if label != IGNORED:
            runs[-1].append(label)
        elif runs[-1]:
            runs.append([])
    return [encoder.tokenizer.decode(run) for run in runs if run]


# --- what counts -----------------------------------------------------------------------------------------------------


def test_ids_and_labels_are_those_of_open_assistant(oasst_tokenizer: Any) -> None:
    assert prepare_tokenizer(oasst_tokenizer, "oasst-v2.5") == []
    encoded = Encoder(oasst_tokenizer, "oasst-v2.5").conversation(DUMMY)
    assert encoded.ids == DUMMY_IDS
    counting = {*range(14, 26), *range(30, 33)}
    assert encoded.labels == [one if at in counting else IGNORED for at, one in enumerate(DUMMY_IDS)]


def test_a_leading_system_message_does_not_count(oasst_tokenizer: Any) -> None:
    with_system = Conversation((Turn(S, "Dummy"), *DUMMY.turns))
    for template in ("oasst-v2.5", "oasst-v2-new"):
        encoded = Encoder(oasst_tokenizer, template).conversation(with_system)
        assert encoded.ids[-len(DUMMY_IDS) :] == DUMMY_IDS
        assert set(encoded.labels[: -len(DUMMY_IDS)]) == {IGNORED}


@pytest.mark.parametrize(
    ("template", "counting"),
    [
        ("chatml", ["one<|im_end|>", "two<|im_end|>"]),
        ("oasst-v2.5", ["one<|endoftext|><|prompter|>", "two<|endoftext|>"]),
        ("oasst-v2-new", ["one<|endoftext|><|prompter|>", "two<|endoftext|>"]),
        ("metharme", ["one<|user|>", "two<|endoftext|>"]),
        ("pygmalion", [" one", "You:", " two<|endoftext|>"]),
        ("plain", [" one", "User:", " two<|endoftext|>"]),
    ],
)
def test_answers_count_with_their_ends(template: str, counting: list[str], make_tokenizer: Any) -> None:
    encoder = prepared(make_tokenizer(), template)
    assert learned(encoder, encoder.conversation(talk("q", "one", "r", "two", system="be kind"))) == counting


def test_the_models_own_template_shows_what_counts_by_how_it_grows(make_tokenizer: Any) -> None:
    encoder = own(make_tokenizer(), GENERATION)
    assert learned(encoder, encoder.conversation(talk("q", "one", "r", "two"))) == ["one</s>", "two</s>"]


def test_a_template_that_rewrites_earlier_answers_gives_the_last_alone(make_tokenizer: Any) -> None:
    encoder = own(make_tokenizer(), FORGETS)
    assert learned(encoder, encoder.conversation(talk("q", "one", "r", "two"))) == ["two</s>"]


@pytest.mark.parametrize("trims", [True, False])
def test_spaces_count_whether_or_not_a_tokenizer_counts_them_to_its_tokens(trims: bool, make_tokenizer: Any) -> None:
    from tokenizers import processors

    tokenizer = make_tokenizer()
    tokenizer.backend_tokenizer.post_processor = processors.ByteLevel(trim_offsets=trims)
    encoder = prepared(tokenizer, "oasst-v2.5")
    counting = learned(encoder, encoder.conversation(talk(" q ", "  a \n b  ", "  r", " c")))
    assert counting == ["  a \n b  <|endoftext|><|prompter|>", " c<|endoftext|>"]


texts = st.text(st.characters(codec="utf-8", exclude_categories=["Co"]), max_size=12) | st.sampled_from(
    ["<|assistant|>", "a<|im_end|>b", "<|endoftext|>", "<|user|><|model|>", "\n", " x "]
)
talks = st.lists(texts, min_size=2, max_size=6).map(lambda found: talk(*found[: len(found) // 2 * 2], system="s"))


@settings(max_examples=60, deadline=None)
@given(sample=talks)
def test_the_text_comes_back_and_what_is_typed_is_never_a_special_token(encoder: Encoder, sample: Conversation) -> None:
    encoded = encoder.conversation(sample)
    assert len(encoded.ids) == len(encoded.labels)
    assert all(label in (IGNORED, one) for one, label in zip(encoded.ids, encoded.labels, strict=True))
    text = encoder.tokenizer.decode(encoded.ids)
    for turn in sample.turns:
        start = text.find(turn.text)
        assert start >= 0
        text = text[start + len(turn.text) :]
    plain = encoder.conversation(talk(*["x"] * (len(sample.turns) - 1), system="s"))
    special = set(encoder.tokenizer.all_special_ids)
    assert [one for one in encoded.ids if one in special] == [one for one in plain.ids if one in special]


@settings(max_examples=40, deadline=None)
@given(sample=talks)
def test_only_answers_ends_and_the_handing_over_count(encoder: Encoder, sample: Conversation) -> None:
    encoded = encoder.conversation(sample)
    said = "".join(turn.text for turn in sample.turns if turn.speaker is A)
    counting = "".join(learned(encoder, encoded))
    extra = len("User:") + len("<|endoftext|>") + len("<|prompter|>")
    assert len(counting.encode()) <= len(said.encode()) + extra * len(sample.turns)
    assert encoded.labels[: encoded.ids.index(encoded.ids[0]) + 1] == [IGNORED]


def test_plain_text_counts_whole(make_tokenizer: Any) -> None:
    encoder = prepared(make_tokenizer(), "chatml", max_length=8)
    encoded = encoder.text(PlainText("words"))
    assert encoded.labels == encoded.ids
    assert encoded.ids[-1] == encoder.end_id
    assert len(encoder.text(PlainText("many words")).ids) == 8


# --- cutting ---------------------------------------------------------------------------------------------------------


def test_whole_turns_go_from_the_end_so_that_the_last_answer_keeps_its_end(make_tokenizer: Any) -> None:
    encoder = prepared(make_tokenizer(), "oasst-v2.5", max_length=20)
    encoded = encoder.conversation(talk("q", "one", "r", "a long second answer"))
    assert encoded.is_truncated
    assert learned(encoder, encoded) == ["one<|endoftext|>"]


def test_a_first_answer_that_is_too_long_is_cut_and_still_ends(make_tokenizer: Any) -> None:
    encoder = prepared(make_tokenizer(), "oasst-v2.5", max_length=10)
    encoded = encoder.conversation(talk("q", "a very long answer"))
    assert (len(encoded.ids), encoded.is_truncated) == (10, True)
    assert learned(encoder, encoded) == ["a ver<|endoftext|>"]


def test_nothing_counts_where_the_question_alone_is_too_long(make_tokenizer: Any) -> None:
    encoder = prepared(make_tokenizer(), "oasst-v2.5", max_length=10)
    assert encoder.conversation(talk("a very long question", "a")).learned == 0


def test_a_random_offset_cuts_anywhere_in_training_and_never_without_chance(make_tokenizer: Any) -> None:
    encoder = prepared(make_tokenizer(), "oasst-v2.5", max_length=10, random_offset=1.0)
    sample = talk("q", "abcdefghijklmnopqrstuvwxyz")
    cuts = {tuple(encoder.conversation(sample, Random(seed)).ids) for seed in range(20)}
    assert len(cuts) > 5
    assert all(len(cut) == 10 for cut in cuts)
    assert encoder.conversation(sample).ids[-1] == encoder.end_id


def test_a_reply_that_is_judged_keeps_its_end_and_the_prompt_its_last_tokens(make_tokenizer: Any) -> None:
    encoder = prepared(make_tokenizer(), "oasst-v2.5", max_length=12)
    prompt, reply = encoder.reply([Turn(U, "a long question")], Turn(A, "abcdefghij"))
    decode = encoder.tokenizer.decode
    assert decode(prompt) == "tion<|endoftext|><|assistant|>"
    assert len(prompt) + len(reply) == 12
    assert decode(reply).startswith("abc")
    assert reply[-1] == encoder.end_id


@pytest.mark.parametrize("template", [*FORMATS])
def test_what_is_judged_is_what_a_model_would_have_generated(template: str, make_tokenizer: Any) -> None:
    encoder = prepared(make_tokenizer(), template)
    before = (Turn(S, "s"), Turn(U, "q"), Turn(A, "one"), Turn(U, "r"))
    prompt, reply = encoder.reply(before, Turn(A, "two"))
    assert prompt == encoder.prompt(before, 1000)
    assert reply[-1] == encoder.end_id
    assert encoder.tokenizer.decode(reply).strip().startswith("two")


def test_a_prompt_loses_its_oldest_turns_first_and_keeps_the_system_message(make_tokenizer: Any) -> None:
    encoder = prepared(make_tokenizer(), "oasst-v2-new")
    turns = talk("first question", "first answer", "second", system="sys").turns
    assert encoder.tokenizer.decode(encoder.prompt(turns, 20)) == (
        "<|system|>sys<|endoftext|><|prompter|>second<|endoftext|><|assistant|>"
    )
    assert len(encoder.prompt(turns, 5)) == 5


# --- conditions ------------------------------------------------------------------------------------------------------


def test_a_system_tag_stands_before_the_answer_and_does_not_count(make_tokenizer: Any) -> None:
    encoder = prepared(make_tokenizer(), "oasst-v2.5", tag_dropout=0.0)
    sample = Conversation(
        (Turn(U, "q"), Turn(A, "a b c", labels={"quality": 0.5, "spam": 1.0})), about=About(lang="en")
    )
    text = encoder.tokenizer.decode(encoder.conversation(sample, Random(1)).ids)
    tag = text.partition("<|system|>")[2].partition("<|endoftext|><|assistant|>")[0]
    assert sorted(tag.splitlines()) == ["lang: en", "length: 1", "quality: 0.5"]
    assert learned(encoder, encoder.conversation(sample, Random(1))) == ["a b c<|endoftext|>"]
    assert "<|system|>" not in encoder.tokenizer.decode(encoder.conversation(sample).ids)


def test_properties_of_a_tag_drop_out(make_tokenizer: Any) -> None:
    encoder = prepared(make_tokenizer(), "oasst-v2.5", tag_dropout=0.5)
    sample = talk("q", "a")
    texts = [encoder.tokenizer.decode(encoder.conversation(sample, Random(seed)).ids) for seed in range(60)]
    assert 15 < sum("length: 1" in text for text in texts) < 45


def test_tags_need_a_format_that_has_a_place_for_them(make_tokenizer: Any) -> None:
    with pytest.raises(InvalidSetting, match="need template"):
        prepared(make_tokenizer(), "chatml", tag_dropout=0.5)


def test_a_system_message_is_put_where_there_is_none(make_tokenizer: Any) -> None:
    encoder = prepared(make_tokenizer(), "chatml", system="be kind")
    assert encoder.tokenizer.decode(encoder.conversation(talk("q", "a")).ids).count("be kind") == 1
    assert "be kind" not in encoder.tokenizer.decode(encoder.conversation(talk("q", "a", system="s")).ids)


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("turns", "sentence"),
    [
        ((Turn(U, "q"), Turn(T, "3")), "no place for the role tool"),
        ((Turn(U, "q"), Turn(A, "", tool_calls=({"id": "1"},))), "no place for calls of tools"),
    ],
)
def test_what_a_format_has_no_place_for_is_refused(turns: tuple[Turn, ...], sentence: str, make_tokenizer: Any) -> None:
    with pytest.raises(BadTemplate, match=sentence):
        prepared(make_tokenizer(), "metharme").conversation(Conversation(turns))


def test_a_model_without_a_template_of_its_own_is_told_to_choose(make_tokenizer: Any) -> None:
    with pytest.raises(BadTemplate, match="brings no chat template"):
        prepare_tokenizer(make_tokenizer(), "own")


def test_a_template_that_refuses_or_hides_its_answers_is_named(make_tokenizer: Any) -> None:
    with pytest.raises(BadTemplate, match="refuses a conversation: no system"):
        own(make_tokenizer(), "{{ raise_exception('no system') }}").conversation(talk("q", "a"))
    with pytest.raises(BadTemplate, match="does not show where an answer begins"):
        own(make_tokenizer(), "{{ messages | length }}{{ add_generation_prompt }}").conversation(talk("q", "a"))


def test_an_unknown_format_is_refused(make_tokenizer: Any) -> None:
    with pytest.raises(InvalidSetting, match="there is no template chatlm"):
        prepare_tokenizer(make_tokenizer(), "chatlm")


# --- tokenizers ------------------------------------------------------------------------------------------------------


def test_new_tokens_come_in_a_fixed_order_and_filling_up_is_not_ending(make_tokenizer: Any) -> None:
    tokenizer = make_tokenizer()
    assert prepare_tokenizer(tokenizer, "oasst-v2.5") == [*OASST_TOKENS, "<|padding|>"]
    assert tokenizer.pad_token_id != tokenizer.eos_token_id
    assert prepare_tokenizer(tokenizer, "oasst-v2.5") == []
    assert embedding_rows(tokenizer) % 16 == 0
    assert 0 <= embedding_rows(tokenizer) - len(tokenizer) < 16


def test_the_template_goes_along_with_the_tokenizer(make_tokenizer: Any) -> None:
    tokenizer = make_tokenizer()
    prepare_tokenizer(tokenizer, "chatml")
    assert tokenizer.eos_token == "<|im_end|>"
    asked = tokenizer.apply_chat_template(
        [{"role": "user", "content": "q"}], add_generation_prompt=True, tokenize=False
    )
    assert asked == "<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n"
