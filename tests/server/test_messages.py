"""Messages over HTTP: fields, parameters, status codes and error codes as Open-Assistant's clients know them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest

if TYPE_CHECKING:
    from tests.conftest import Garden, RunningHub

READINGS = (
    "",
    "/conversation",
    "/tree",
    "/children",
    "/descendants",
    "/longest_conversation_in_tree",
    "/max_children_in_tree",
)


async def get(hub: RunningHub, path: str, *, key: str = "key", who: str | None = None, **query: object) -> Any:
    """The body of an answer, which must be 200."""
    headers = {} if who is None else {"x_oasst_user": who}
    answer = await hub.send("GET", f"{path}?{urlencode(query)}", key=key, **headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def refusal(
    hub: RunningHub, path: str, *, method: str = "GET", key: str = "key", **query: object
) -> tuple[int, int]:
    """Status and error code of an answer, which must be a refusal with a sentence."""
    answer = await hub.send(method, f"{path}?{urlencode(query)}", key=key)
    body = answer.json()
    assert answer.status_code >= 400
    assert body["message"]
    return answer.status_code, body["error_code"]


def ids(messages: list[dict[str, Any]]) -> list[UUID]:
    return [UUID(message["id"]) for message in messages]


# --- from one message ------------------------------------------------------------------------------------------------


async def test_a_message_is_shown_with_all_fields(hub: RunningHub, garden: Garden) -> None:
    ada, ben = garden.add_user("ada"), garden.add_user("ben")
    prompt = garden.add_message()
    reply = garden.add_message(prompt, user_id=ada, emojis={"rofl": 1}, review_result=True, review_count=3, rank=0)
    garden.add_emoji(reply, ben, "rofl")
    assert await get(hub, f"/messages/{reply}", who="local:ben") == {
        "id": str(reply),
        "user_id": str(ada),
        "frontend_message_id": "m2",
        "text": "text 2",
        "lang": "en",
        "is_assistant": True,
        "emojis": {"rofl": 1},
        "user_emojis": ["rofl"],
        "user_is_author": False,
        "synthetic": False,
        "parent_id": str(prompt),
        "created_date": "2024-01-01T00:00:02Z",
        "review_result": True,
        "review_count": 3,
        "deleted": False,
        "edited": False,
        "model_name": None,
        "message_tree_id": str(prompt),
        "ranking_count": 0,
        "rank": 0,
        "user": None,
    }


async def test_the_reader_is_named_by_header_or_by_parameter(hub: RunningHub, garden: Garden) -> None:
    message = garden.add_message(user_id=garden.add_user("a:b"))
    assert (await get(hub, f"/messages/{message}", who="local:a:b"))["user_is_author"]
    assert (await get(hub, f"/messages/{message}", oasst_user="local:a:b"))["user_is_author"]
    assert not (await get(hub, f"/messages/{message}"))["user_is_author"]
    assert await refusal(hub, f"/messages/{message}", oasst_user="local:eve") == (404, 4002)


async def test_every_reading_answers_by_id_and_by_the_programs_name(hub: RunningHub, garden: Garden) -> None:
    prompt = garden.add_message()
    reply = garden.add_message(prompt, review_result=True)
    expected: dict[str, tuple[UUID | None, list[UUID]]] = {
        "/conversation": (None, [prompt]),
        "/tree": (prompt, [prompt, reply]),
        "/descendants": (prompt, [reply]),
        "/longest_conversation_in_tree": (None, [prompt, reply]),
        "/max_children_in_tree": (prompt, [prompt, reply]),
    }
    for path in (f"/messages/{prompt}", "/frontend_messages/m1"):
        for reading, (tree_id, messages) in expected.items():
            body = await get(hub, path + reading)
            assert ids(body["messages"]) == messages, reading
            assert body.get("id") == (tree_id and str(tree_id)), reading
        assert ids(await get(hub, f"{path}/children")) == [reply]
        assert (await get(hub, path))["id"] == str(prompt)


async def test_a_conversation_holds_what_workers_see_and_no_more(hub: RunningHub, garden: Garden) -> None:
    body = await get(hub, f"/messages/{garden.add_message()}/conversation")
    (message,) = body["messages"]
    assert message.keys() == {
        *("id", "user_id", "frontend_message_id", "text", "lang", "is_assistant"),
        *("emojis", "user_emojis", "user_is_author", "synthetic"),
    }


async def test_a_tree_shows_spam_unless_told_otherwise_and_deleted_messages_if_told(
    hub: RunningHub, garden: Garden
) -> None:
    prompt = garden.add_message()
    spam, deleted = garden.add_message(prompt), garden.add_message(prompt, deleted=True, review_result=True)
    assert ids((await get(hub, f"/messages/{spam}/tree"))["messages"]) == [prompt, spam]
    assert ids((await get(hub, f"/messages/{spam}/tree", include_spam="false"))["messages"]) == [prompt]
    both = await get(hub, "/frontend_messages/m2/tree", include_spam="false", include_deleted="true")
    assert ids(both["messages"]) == [prompt, deleted]


@pytest.mark.parametrize("reading", READINGS)
async def test_what_does_not_exist_is_not_found(hub: RunningHub, garden: Garden, reading: str) -> None:
    garden.add_message()
    assert await refusal(hub, f"/messages/{uuid4()}{reading}") == (404, 2001)
    assert await refusal(hub, f"/frontend_messages/nothing{reading}") == (404, 2001)
    assert (await refusal(hub, f"/messages/nothing{reading}"))[0] == 422


@pytest.mark.parametrize("reading", READINGS)
async def test_without_a_key_nothing_is_read(hub: RunningHub, garden: Garden, reading: str) -> None:
    message = garden.add_message()
    assert await refusal(hub, f"/messages/{message}{reading}", key="guessed") == (403, 2)
    assert await refusal(hub, f"/frontend_messages/m1{reading}", key="guessed") == (403, 2)


async def test_names_are_a_programs_own(hub: RunningHub, garden: Garden) -> None:
    message = garden.add_message()
    assert (await get(hub, f"/messages/{message}", key=hub.key))["id"] == str(message)
    assert await refusal(hub, "/frontend_messages/m1", key=hub.key) == (404, 2001)


@pytest.mark.parametrize(
    "path", ["/frontend_messages/%00", "/messages/?lang=%00", "/messages/cursor?search_query=a%00"]
)
async def test_an_address_with_a_nul_character_is_refused(hub: RunningHub, path: str) -> None:
    answer = await hub.send("GET", path)
    assert (answer.status_code, answer.json()["message"]) == (422, "address must not hold a NUL character")


# --- lists -----------------------------------------------------------------------------------------------------------


async def test_the_list_begins_with_the_latest_and_hides_the_deleted(hub: RunningHub, garden: Garden) -> None:
    messages = [garden.add_message() for _ in range(12)]
    deleted = garden.add_message(deleted=True)
    assert ids(await get(hub, "/messages/")) == messages[:1:-1]
    assert ids(await get(hub, "/messages/", max_count=1, allow_deleted="true")) == [deleted]
    assert ids(await get(hub, "/messages/", max_count=2, desc="false")) == messages[:2]


async def test_the_list_is_narrowed_by_date_person_program_language_and_kind(hub: RunningHub, garden: Garden) -> None:
    other = garden.add_client("other")
    ada = garden.add_user("ada")
    prompt = garden.add_message(user_id=ada)
    reply = garden.add_message(prompt, lang="de")
    theirs = garden.add_message(api_client_id=other)
    second = garden.FIRST_DAY + timedelta(seconds=2)
    for query, expected in [
        ({"start_date": second.isoformat()}, [theirs, reply]),
        ({"end_date": "2024-01-01T00:00:02"}, [reply, prompt]),
        ({"start_date": "2024-01-01T02:00:02+02:00", "end_date": "2024-01-01T00:00:02Z"}, [reply]),
        ({"auth_method": "local", "username": "ada"}, [prompt]),
        ({"api_client_id": other}, [theirs]),
        ({"lang": "de"}, [reply]),
        ({"only_roots": "true"}, [theirs, prompt]),
    ]:
        assert ids(await get(hub, "/messages/", **query)) == expected, query


@pytest.mark.parametrize("path", ["/messages/", "/messages/cursor"])
async def test_a_program_without_trust_lists_only_its_own(hub: RunningHub, garden: Garden, path: str) -> None:
    other = garden.add_client("other")
    garden.add_message()
    own = garden.add_message(api_client_id=other)
    for query in ({}, {"api_client_id": other}):
        body = await get(hub, path, key="other", **query)
        assert ids(body["items"] if isinstance(body, dict) else body) == [own]
    assert await refusal(hub, path, key="other", api_client_id=garden.client) == (403, 2)


@pytest.mark.parametrize("path", ["/messages/", "/messages/cursor"])
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param({"max_count": 0}, (422, 0), id="no messages at all"),
        pytest.param({"max_count": 1001}, (422, 0), id="too many messages"),
        pytest.param({"max_count": "ten"}, (422, 0), id="a number in words"),
        pytest.param({"api_client_id": "discord"}, (422, 0), id="a program by its name"),
        pytest.param({"only_roots": "perhaps"}, (422, 0), id="neither true nor false"),
        pytest.param({"username": "ada"}, (400, 2012), id="half a name"),
    ],
)
async def test_what_no_list_can_mean_is_refused(
    hub: RunningHub, path: str, query: dict[str, object], expected: tuple[int, int]
) -> None:
    assert await refusal(hub, path, key=hub.trusted_key, **query) == expected


async def test_dates_that_are_none_are_refused(hub: RunningHub) -> None:
    assert await refusal(hub, "/messages/", start_date="yesterday") == (422, 0)
    assert await refusal(hub, "/messages/", key=hub.key, end_date="0001-01-01T00:00:00+14:00") == (400, 0)


async def test_pages_walked_by_next_and_back_by_prev_are_the_list(hub: RunningHub, garden: Garden) -> None:
    messages = [garden.add_message() for _ in range(7)]
    walked, after, pages = list[UUID](), "", list[dict[str, Any]]()
    while after is not None:
        pages.append(await get(hub, "/messages/cursor", max_count=3, after=after))
        walked += ids(pages[-1]["items"])
        after = pages[-1]["next"]
    assert walked == messages
    assert [len(page["items"]) for page in pages] == [3, 3, 1]
    assert pages[0].keys() == {"prev", "next", "sort_key", "items", "order"}
    assert (pages[0]["prev"], pages[0]["sort_key"], pages[0]["order"]) == (None, "created_date", "asc")
    assert pages[0]["next"] == f"{messages[2]}$2024-01-01T00:00:03Z"
    back = await get(hub, "/messages/cursor", max_count=3, before=pages[-1]["prev"])
    assert back["items"] == pages[1]["items"]
    first = await get(hub, "/messages/cursor", max_count=3, before=back["prev"])
    assert (first["items"], first["prev"]) == (pages[0]["items"], None)


async def test_pages_run_backwards_in_time_if_told(hub: RunningHub, garden: Garden) -> None:
    messages = [garden.add_message() for _ in range(3)]
    first = await get(hub, "/messages/cursor", max_count=2, desc="true")
    assert (ids(first["items"]), first["order"]) == (messages[:0:-1], "desc")
    rest = await get(hub, "/messages/cursor", max_count=2, desc="true", after=first["next"])
    assert (ids(rest["items"]), rest["next"]) == (messages[:1], None)


async def test_a_page_is_narrowed_like_the_list_and_by_author_words_and_deletion(
    hub: RunningHub, garden: Garden
) -> None:
    ada = garden.add_user("ada")
    prompt = garden.add_message(user_id=ada, text="Why is the sky blue?")
    reply = garden.add_message(prompt, lang="de", text="Himmel")
    deleted = garden.add_message(prompt, deleted=True, text="The sky is not blue.")
    for query, expected in [
        ({}, [prompt, reply]),
        ({"include_deleted": "true"}, [prompt, reply, deleted]),
        ({"user_id": ada}, [prompt]),
        ({"auth_method": "local", "username": "ada"}, [prompt]),
        ({"search_query": "BLUE sky"}, [prompt]),
        ({"search_query": "sky", "include_deleted": "true"}, [prompt, deleted]),
        ({"search_query": "sky", "lang": "de"}, []),
        ({"lang": "de"}, [reply]),
        ({"only_roots": "true"}, [prompt]),
    ]:
        assert ids((await get(hub, "/messages/cursor", **query))["items"]) == expected, query


async def test_authors_are_shown_where_they_are_asked_for(hub: RunningHub, garden: Garden) -> None:
    ada = garden.add_user("ada")
    garden.add_message(user_id=ada)
    (message,) = (await get(hub, "/messages/cursor", include_user="true"))["items"]
    assert (message["user"]["id"], message["user"]["user_id"]) == ("ada", str(ada))
    (message,) = (await get(hub, "/messages/cursor"))["items"]
    assert message["user"] is None


@pytest.mark.parametrize("bound", ["before", "after"])
async def test_what_is_no_cursor_is_refused(hub: RunningHub, garden: Garden, bound: str) -> None:
    for cursor in ("nonsense", f"{uuid4()}$", f"x${garden.FIRST_DAY.isoformat()}", f"{uuid4()}$never"):
        assert await refusal(hub, "/messages/cursor", **{bound: cursor}) == (400, 101), cursor


# --- changes ---------------------------------------------------------------------------------------------------------


async def test_a_reaction_is_given_and_taken_back(hub: RunningHub, garden: Garden) -> None:
    message = garden.add_message(user_id=garden.add_user("ada"))
    garden.add_tree(message)
    path, body = f"/messages/{message}/emoji", {"user": hub.user("ben"), "emoji": "+1"}
    given = await hub.send("POST", path, body, key="key")
    assert given.status_code == 202
    assert (given.json()["emojis"], given.json()["user_emojis"]) == ({"+1": 1}, ["+1"])
    again = await hub.send("POST", path, {**body, "op": "add"}, key="key")
    assert again.json()["emojis"] == {"+1": 1}
    taken = await hub.send("POST", path, body, key="key")
    assert (taken.json()["emojis"], taken.json()["user_emojis"]) == ({}, [])


@pytest.mark.parametrize(
    "change", [{"emoji": "unicorn"}, {"op": "juggle"}, {"user": 5}, {"user": {"id": "x"}}], ids=lambda c: next(iter(c))
)
async def test_a_reaction_that_nobody_knows_is_refused(
    hub: RunningHub, garden: Garden, change: dict[str, object]
) -> None:
    message = garden.add_message()
    body = {"user": hub.user("ben"), "emoji": "+1", **change}
    answer = await hub.send("POST", f"/messages/{message}/emoji", body)
    assert answer.status_code == 422
    assert (await get(hub, f"/messages/{message}"))["emojis"] == {}


async def test_a_reaction_needs_a_message_and_a_user(hub: RunningHub, garden: Garden) -> None:
    message = garden.add_message()
    nobody = await hub.send("POST", f"/messages/{message}/emoji", {"emoji": "+1"})
    assert (nobody.status_code, nobody.json()["error_code"]) == (400, 4000)
    body = {"user": hub.user("ben"), "emoji": "+1"}
    nothing = await hub.send("POST", f"/messages/{uuid4()}/emoji", body)
    assert (nothing.status_code, nothing.json()["error_code"]) == (404, 2001)


async def test_the_state_of_a_tree_is_shown(hub: RunningHub, garden: Garden) -> None:
    prompt = garden.add_message()
    garden.add_tree(prompt, origin="a file")
    assert await get(hub, f"/messages/{garden.add_message(prompt)}/tree/state") == {
        "message_tree_id": str(prompt),
        "state": "growing",
        "goal_tree_size": 12,
        "max_depth": 3,
        "max_children_count": 3,
        "active": True,
        "origin": "a file",
    }


async def test_a_tree_that_has_no_state_is_not_found(hub: RunningHub, garden: Garden) -> None:
    assert await refusal(hub, f"/messages/{garden.add_message()}/tree/state") == (400, 2006)
    assert await refusal(hub, f"/messages/{uuid4()}/tree/state") == (404, 2001)


async def test_a_tree_is_halted_and_goes_on(hub: RunningHub, garden: Garden) -> None:
    prompt = garden.add_message(review_result=True, review_count=3)
    garden.add_tree(prompt, won_prompt_lottery_date=garden.FIRST_DAY)
    path = f"/messages/{prompt}/tree/state"
    halted = await hub.send("PUT", f"{path}?halt=true", key="key")
    assert (halted.status_code, halted.json()["state"], halted.json()["active"]) == (200, "halted_by_moderator", False)
    assert (await get(hub, path))["state"] == "halted_by_moderator"
    resumed = await hub.send("PUT", f"{path}?halt=false", key="key")
    assert (resumed.status_code, resumed.json()["state"], resumed.json()["active"]) == (200, "growing", True)


async def test_only_the_trusted_halt_trees(hub: RunningHub, garden: Garden) -> None:
    prompt = garden.add_message()
    garden.add_tree(prompt)
    assert await refusal(hub, f"/messages/{prompt}/tree/state", method="PUT", key=hub.key, halt="true") == (403, 2)
    assert (await refusal(hub, f"/messages/{prompt}/tree/state", method="PUT"))[0] == 422
    assert (await get(hub, f"/messages/{prompt}/tree/state"))["state"] == "growing"
