# ruff: noqa: RUF001  # texts in many scripts are full of letters that look like others
from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oa.domain.labels import Label
from oa.domain.lifecycle import TreeState
from oa.domain.paging import Part
from oa.domain.search import parse
from oa.domain.search_page import LabelBound, MessageState, SearchFilter
from oa.domain.tree import Role
from oa.domain.views import MessageFilter
from oa.store import messages, search, tables
from oa.store.database import Database, Transaction

if TYPE_CHECKING:
    from tests.conftest import Garden

ALL = SearchFilter(include_deleted=True)


def found(database: Database, text: str, wanted: SearchFilter = ALL) -> list[UUID]:
    """The messages that answer, best first."""

    def look(tx: Transaction) -> list[UUID]:
        return [message_id for message_id, _ in search.ranked(tx, parse(text), wanted, search.newest(tx))]

    return database.run(look)


def listed(database: Database, text: str) -> list[UUID]:
    """The same as a list by date."""
    wanted = MessageFilter(include_deleted=True, words=tuple(text.split()))
    return [message.id for message in database.run(lambda tx: messages.part_of_list(tx, wanted, Part(1000)))]


# --- every script ----------------------------------------------------------------------------------------------------

TEXTS = {
    "de": "Die Straße über den Fluß führt nach Österreich.",
    "ru": "Ёлка стоит в лесу, а снег идёт.",
    "ar": "السَّلامُ عليكم ورحمة الله",
    "hi": "हिन्दी में लिखना आसान है।",
    "zh": "我爱学校，老师在教室里。",
    "ja": "東京タワーは高いです。がんばって",
    "ko": "학교에서 친구를 만났어요",
    "th": "ประเทศไทยมีอากาศร้อน",
    "el": "Ο Οδυσσέας γύρισε στην Ιθάκη",
    "he": "שָׁלוֹם עולם",
    "vi": "Tiếng Việt rất hay",
    "emoji": "Great job 🎉 👩‍💻 done",
    "math": "E = mc² and ﬁne Ｗｉｄｅ letters",
    "code": "don't call os.path.join(a_b)",
}


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("straße", "de"),
        ("STRASSE", "de"),
        ("uber fluss", "de"),
        ("osterreich", "de"),
        ("елка", "ru"),
        ("ЛЕСУ", "ru"),
        ('"снег идет"', "ru"),
        ("السلام", "ar"),
        ("عليكم", "ar"),
        ("हिन्दी", "hi"),
        ("लिखना है", "hi"),
        ("学校", "zh"),
        ("爱", "zh"),
        ("在教室里", "zh"),
        ("東京", "ja"),
        ("タワー", "ja"),
        ("がん", "ja"),
        ("학교", "ko"),
        ("ไทย", "th"),
        ("ΟΔΥΣΣΕΑΣ", "el"),
        ("ιθακη", "el"),
        ("שלום", "he"),
        ("tieng viet", "vi"),
        ("🎉", "emoji"),
        ("👩‍💻", "emoji"),
        ("job 🎉", "emoji"),
        ("wide", "math"),
        ("fine", "math"),
        ("don't", "code"),
        ("don’t", "code"),
        ("path.join", "code"),
        ("a_b", "code"),
    ],
)
async def test_texts_in_every_script_are_found(
    any_database: Database, any_garden: Garden, query: str, name: str
) -> None:
    ids = {name: any_garden.add_message(text=text) for name, text in TEXTS.items()}
    assert found(any_database, query) == listed(any_database, query) == [ids[name]]


@pytest.mark.parametrize("query", ["校学", "लिखन", "강아지", "かん", "stra", "🎊", "join.path"])
async def test_what_is_not_there_is_not_found(any_database: Database, any_garden: Garden, query: str) -> None:
    for text in TEXTS.values():
        any_garden.add_message(text=text)
    assert found(any_database, query) == listed(any_database, query) == []


# --- exactly what a reader would find --------------------------------------------------------------------------------

SOME_TEXT = st.text("ab Ä̈学校🎉ß'-.\"\n", max_size=12)
SOME_QUERY = st.lists(
    st.sampled_from(["a", "b", "ab", "-a", "-b", '"a b"', '-"b a"', "ä", "学", "学校", "-校", "🎉", "ss", '"', "-"]),
    min_size=1,
    max_size=4,
).map(" ".join)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(SOME_TEXT, max_size=8), query=SOME_QUERY)
async def test_the_index_finds_what_reading_every_text_finds(
    any_database: Database, any_garden: Garden, texts: list[str], query: str
) -> None:
    any_database.run(lambda tx: tx.connection.execute(tables.messages.delete()))
    written = {any_garden.add_message(text=text): text for text in texts}
    expected = [message_id for message_id, text in written.items() if parse(query).finds(text)]
    assert sorted(found(any_database, query)) == sorted(expected)
    assert listed(any_database, query) == expected


HOSTILE = (
    "' OR 1=1 --",
    '"; DROP TABLE message; --',
    "sky AND NOT",
    "NEAR(sky blue, 5)",
    "words:sky",
    "facets : rprompter",
    "{words} : sky",
    "^sky",
    "sky*",
    "sky +blue",
    "(sky",
    "sky)",
    '"',
    '""',
    "-",
    '-"',
    "\\",
    "%",
    "_",
    "\x00",
    "sky & !blue | <->",
    "NOT sky",
    "' \" ` $$ $oa$ :name ?1 %s",
    "a" * 5000,
    "学" * 2000,
    " ".join(f"w{number}" for number in range(1000)),
)


@pytest.mark.parametrize("query", HOSTILE)
async def test_the_syntax_of_databases_is_text_like_any_other(
    any_database: Database, any_garden: Garden, query: str
) -> None:
    written = {any_garden.add_message(text=text): text for text in ("blue sky", "prompter", "NEAR OR AND NOT sky 5")}
    expected = {message_id for message_id, text in written.items() if parse(query).finds(text)}
    assert set(found(any_database, query)) == set(listed(any_database, query)) == expected
    wanted = SearchFilter(lang=query.replace("\0", "?"), username=query.replace("\0", "?"), auth_method="local")
    assert found(any_database, "sky", wanted) == []


async def test_a_language_with_signs_in_it_is_not_taken_for_something_else(database: Database, garden: Garden) -> None:
    ada = garden.add_user("ada")
    garden.add_message(text="sky", lang=f"de u{ada.hex}")
    theirs = garden.add_message(text="sky", lang="de", user_id=ada)
    assert found(database, "sky", SearchFilter(user_id=ada)) == [theirs]
    assert found(database, "sky", SearchFilter(lang="de")) == [theirs]


# --- order and filters -----------------------------------------------------------------------------------------------


async def test_the_best_come_first(any_database: Database, any_garden: Garden) -> None:
    weak = any_garden.add_message(text="sky " + "other " * 60)
    strong = any_garden.add_message(text="sky sky sky blue")
    middle = any_garden.add_message(text="a sky and some other words here")
    assert found(any_database, "sky") == [strong, middle, weak]


async def test_what_came_later_is_not_looked_at(any_database: Database, any_garden: Garden) -> None:
    early = any_garden.add_message(text="sky")
    as_of = any_database.run(search.newest)
    late = any_garden.add_message(text="sky", created_date=any_garden.FIRST_DAY + timedelta(days=9999))
    then = any_database.run(lambda tx: search.ranked(tx, parse("sky"), ALL, as_of))
    assert [message_id for message_id, _ in then] == [early]
    assert late not in dict(then)


async def test_only_the_newest_of_too_many_are_ranked(
    any_database: Database, any_garden: Garden, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MOST_RANKED", 3)
    ids = [any_garden.add_message(text="sky" + " more" * (5 - number)) for number in range(5)]
    assert set(found(any_database, "sky")) == set(ids[-3:])


async def test_a_search_is_narrowed_by_every_filter(any_database: Database, any_garden: Garden) -> None:
    other = any_garden.add_client("other")
    ada, bot = any_garden.add_user("ada"), any_garden.add_user("ada", auth_method="discord", api_client_id=other)
    root = any_garden.add_message(text="sky", user_id=ada, review_result=True)
    reply = any_garden.add_message(root, text="sky", user_id=bot, api_client_id=other, lang="de", review_result=False)
    open_one = any_garden.add_message(root, text="sky", user_id=ada)
    gone = any_garden.add_message(reply, text="sky", deleted=True)
    any_garden.add_tree(root, state="ranking")
    any_garden.add_message(text="blue")
    second = any_garden.row(tables.Message, reply)["created_date"]
    for wanted, expected in [
        (SearchFilter(), {root, reply, open_one}),
        (ALL, {root, reply, open_one, gone}),
        (SearchFilter(user_id=ada), {root, open_one}),
        (SearchFilter(user_id=uuid4()), set()),
        (SearchFilter(auth_method="local", username="ada"), {root, open_one}),
        (SearchFilter(auth_method="local", username="ada", user_id=bot), set()),
        (SearchFilter(auth_method="local", username="eve"), set()),
        (SearchFilter(api_client_id=other), {reply}),
        (SearchFilter(lang="de"), {reply}),
        (SearchFilter(only_roots=True), {root}),
        (SearchFilter(role=Role.PROMPTER), {root}),
        (SearchFilter(role=Role.ASSISTANT), {reply, open_one}),
        (SearchFilter(state=MessageState.ACCEPTED), {root}),
        (SearchFilter(state=MessageState.REJECTED), {reply}),
        (SearchFilter(state=MessageState.UNDECIDED), {open_one}),
        (SearchFilter(state=MessageState.SPAM), {reply, open_one}),
        (SearchFilter(state=MessageState.DELETED), {gone}),
        (SearchFilter(tree_state=TreeState.RANKING), {root, reply, open_one}),
        (SearchFilter(tree_state=TreeState.GROWING), set()),
        (SearchFilter(min_date=second), {reply, open_one}),
        (SearchFilter(max_date=second), {root, reply}),
        (SearchFilter(min_date=second, max_date=second), {reply}),
        (SearchFilter(min_date=second + timedelta(days=1)), set()),
    ]:
        assert set(found(any_database, "sky", wanted)) == expected, wanted


async def test_a_label_is_the_mean_of_all_who_gave_it(any_database: Database, any_garden: Garden) -> None:
    ada, client = any_garden.add_user("ada"), any_garden.client
    both, brought, voted, none = (any_garden.add_message(text="sky") for _ in range(4))

    def label(tx: Transaction) -> None:
        for message_id, value, count in ((both, 0.0, 3), (brought, 0.75, 2)):
            row = {"message_id": message_id, "label": "quality", "value": value, "count": count}
            tx.connection.execute(tables.imported_labels.insert(), row)
        for message_id, labels in ((both, {"quality": 1.0}), (voted, {"quality": 0.5}), (voted, {"spam": 0.0})):
            row = {"id": uuid4(), "user_id": ada, "created_date": tx.now, "api_client_id": client, "text": ""}
            tx.connection.execute(tables.text_labels.insert(), {**row, "message_id": message_id, "labels": labels})

    any_database.run(label)
    for operator, value, expected in [
        (">=", 0.25, {both, brought, voted}),
        (">", 0.25, {brought, voted}),
        ("<=", 0.5, {both, voted}),
        ("<", 0.5, {both}),
        (">=", 0.75, {brought}),
    ]:
        wanted = SearchFilter(labels=(LabelBound(Label.QUALITY, operator, value),))
        assert set(found(any_database, "sky", wanted)) == expected, (operator, value)
    wanted = SearchFilter(labels=(LabelBound(Label.QUALITY, ">=", 0.5), LabelBound(Label.SPAM, "<=", 0.5)))
    assert found(any_database, "sky", wanted) == [voted]
    assert none in found(any_database, "sky")


# --- plans -----------------------------------------------------------------------------------------------------------


async def test_the_words_lead_to_the_messages_whatever_the_filters_are(database: Database, garden: Garden) -> None:
    ada = garden.add_user("ada")
    everything = SearchFilter(
        user_id=ada,
        lang="en",
        role=Role.PROMPTER,
        api_client_id=garden.client,
        state=MessageState.ACCEPTED,
        tree_state=TreeState.GROWING,
        min_date=garden.FIRST_DAY,
        labels=(LabelBound(Label.QUALITY, ">=", 0.5),),
    )
    for wanted in (SearchFilter(), *_one_by_one(everything)):
        steps = database.run(lambda tx, w=wanted: _plan(tx, w))
        tables_read = [step for step in steps if step.split()[0] in ("SCAN", "SEARCH")]
        assert any("message_search VIRTUAL TABLE" in step for step in tables_read), wanted
        assert any(step == "SEARCH message USING INTEGER PRIMARY KEY (rowid=?)" for step in tables_read), wanted
        assert not any(step.startswith("SCAN message ") or step == "SCAN message" for step in tables_read), wanted


def _one_by_one(wanted: SearchFilter) -> Iterator[SearchFilter]:
    for one in dataclasses.fields(SearchFilter):
        value = getattr(wanted, one.name)
        if value:
            yield SearchFilter(**{one.name: value})
    yield wanted


def _plan(tx: Transaction, wanted: SearchFilter) -> list[str]:
    statement = search.statement(tx, parse("sky"), wanted, 2**62)
    assert statement is not None
    compiled = statement.compile(tx.connection.engine, compile_kwargs={"render_postcompile": True})
    values = tuple("1" for _ in compiled.positiontup or ())
    return [row[3] for row in tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", values)]


@pytest.mark.sqlite
def test_words_that_stand_in_many_messages_are_found_and_do_not_score(
    database: Database, garden: Garden, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MOST_SCORED", 3)
    often = garden.add_message(text="comet comet in the sky")
    once = garden.add_message(text="a comet, and many more words about other things in the sky")
    several = [garden.add_message(text=f"{'sky ' * number} and row") for number in (4, 1, 2)]
    assert found(database, "sky comet") == [often, once]
    assert found(database, "sky") == [*several[::-1], once, often]
    assert found(database, "sky -row") == [once, often]
    assert found(database, "comet -sky") == []
    assert found(database, '"the sky"') == [often, once]
    assert set(found(database, "sky row")) == set(several)


async def test_few_matches_are_looked_up_and_many_are_met_by_date(
    database: Database, garden: Garden, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [garden.add_message(text="sky rare" if number == 2 else "sky") for number in range(5)]
    for few, many in ((1000, 10_000), (3, 10_000), (3, 4), (0, 0)):
        monkeypatch.setattr(search, "FEW", few)
        monkeypatch.setattr(search, "MANY", many)
        for text, expected in (("sky", ids), ("rare", [ids[2]]), ("absent", []), ("-rare", ids[:2] + ids[3:])):
            assert listed(database, text) == expected, (few, many, text)
