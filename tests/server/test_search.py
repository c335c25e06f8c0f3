"""Searching over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

if TYPE_CHECKING:
    from tests.conftest import Garden, RunningHub


async def get(hub: RunningHub, *, key: str = "key", status: int = 200, **query: object) -> Any:
    path = f"/messages/search?{urlencode(query, doseq=True)}"
    answer = await hub.send("GET", path, key=key)
    assert answer.status_code == status, answer.text
    return answer.json()


def ids(page: dict[str, Any]) -> list[str]:
    return [hit["message"]["id"] for hit in page["items"]]


async def test_what_is_found_comes_with_a_snippet_and_marks(hub: RunningHub, garden: Garden) -> None:
    ada = garden.add_user("ada")
    message = garden.add_message(text="Warum ist der <b>Himmel</b> über uns blau?", user_id=ada, lang="de")
    garden.add_message(text="Warum ist Gras grün?", lang="de")
    page = await get(hub, query="himmel uber", include_user="true")
    assert page.keys() == {"items", "next", "ranked", "complete"}
    assert (page["next"], page["ranked"], page["complete"]) == (None, 1, True)
    (hit,) = page["items"]
    assert hit["message"]["id"] == str(message)
    assert hit["message"]["user"]["id"] == "ada"
    assert hit["score"] > 0
    snippet = hit["snippet"]
    assert snippet["text"] == "Warum ist der <b>Himmel</b> über uns blau?"
    assert [snippet["text"][start:end] for start, end in snippet["marks"]] == ["Himmel", "über"]
    assert (snippet["cut_before"], snippet["cut_after"]) == (False, False)


async def test_a_search_is_narrowed(hub: RunningHub, garden: Garden) -> None:
    ada = garden.add_user("ada")
    prompt = garden.add_message(text="sky", user_id=ada, review_result=True)
    garden.add_tree(prompt, state="growing")
    reply = garden.add_message(prompt, text="sky", lang="de")
    deleted = garden.add_message(prompt, text="sky", deleted=True)
    for query, expected in [
        ({}, {prompt, reply}),
        ({"lang": "de"}, {reply}),
        ({"role": "prompter"}, {prompt}),
        ({"state": "undecided"}, {reply}),
        ({"state": "deleted"}, {deleted}),
        ({"include_deleted": "true"}, {prompt, reply, deleted}),
        ({"tree_state": "ranking"}, set()),
        ({"user_id": ada}, {prompt}),
        ({"auth_method": "local", "username": "ada"}, {prompt}),
        ({"only_roots": "true"}, {prompt}),
        ({"min_date": "2024-01-01T00:00:02Z"}, {reply}),
        ({"max_date": "2024-01-01T00:00:01+00:00"}, {prompt}),
        ({"label": ["quality>=0.5", "spam<0.1"]}, set()),
    ]:
        assert set(ids(await get(hub, query="sky", **query))) == set(map(str, expected)), query


async def test_pages_follow_each_other(hub: RunningHub, garden: Garden) -> None:
    messages = [str(garden.add_message(text="sky " + "word " * number)) for number in range(5)]
    first = await get(hub, query="sky", max_count=2)
    second = await get(hub, query="sky", max_count=2, cursor=first["next"])
    third = await get(hub, query="sky", max_count=2, cursor=second["next"])
    assert ids(first) + ids(second) + ids(third) == messages
    assert (third["next"], third["ranked"]) == (None, 5)


@pytest.mark.parametrize(
    ("query", "status", "number"),
    [
        ({"cursor": "nonsense"}, 400, 101),
        ({"label": "beauty"}, 400, 2051),
        ({"label": "quality>>1"}, 400, 0),
        ({"username": "ada"}, 400, 2012),
        ({"min_date": "2024-01-02T00:00:00Z", "max_date": "2024-01-01T00:00:00Z"}, 400, 0),
        ({"min_date": "0001-01-01T00:00:00+10:00"}, 400, 0),
        ({"state": "lost"}, 422, 0),
        ({"role": "king"}, 422, 0),
        ({"max_count": "0"}, 422, 0),
        ({"max_count": "101"}, 422, 0),
        ({"query": "x" * 501}, 422, 0),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_what_cannot_be_answered_is_refused(
    hub: RunningHub, garden: Garden, query: dict[str, object], status: int, number: int
) -> None:
    refusal = await get(hub, **{"query": "sky", **query}, status=status)
    if number:
        assert refusal["error_code"] == number


async def test_something_must_be_asked(hub: RunningHub, garden: Garden) -> None:
    await get(hub, status=422)
    assert (await get(hub, query=""))["items"] == []


async def test_strangers_find_nothing_that_is_not_theirs(hub: RunningHub, garden: Garden) -> None:
    garden.add_message(text="sky", deleted=True)
    garden.add_message(text="sky")
    assert (await get(hub, key=hub.key, query="sky"))["items"] == []
    for query in ({"api_client_id": garden.client}, {"state": "deleted"}, {"include_deleted": "true"}):
        assert (await get(hub, key=hub.key, query="sky", status=403, **query))["error_code"] == 2
    assert (await get(hub, key="unknown", query="sky", status=403))["error_code"] == 2


@pytest.mark.parametrize(
    "text", ["' OR 1=1 --", '"; DROP TABLE message', "sky AND (", "words:sky*", "^ NEAR(a b)", "-"]
)
async def test_the_syntax_of_databases_means_nothing(hub: RunningHub, garden: Garden, text: str) -> None:
    garden.add_message(text="sky")
    assert (await get(hub, query=text))["items"] == []
    assert (await get(hub, query="sky", lang=text, username=text, auth_method=text))["items"] == []
