"""Searching chats, taking them along, and sharing them by a link."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from talk import Talk


@pytest.fixture
def eve(hub: Any, token: str) -> Talk:
    return Talk(hub.http, token)


# --- search -----------------------------------------------------------------------------------------------------------


async def test_what_was_said_is_found_by_its_words_in_prompts_and_answers(eve: Talk, hub: Any) -> None:
    chat = await eve.begin()
    hub.answering.will("The river Loire is the longest of France.")
    answer = await eve.turn(chat, "Which river is the longest?")
    await eve.turn(await eve.begin(), "Something else")
    found = await eve.get("/chats/search?query=river")
    assert {hit["message"]["id"] for hit in found["items"]} == {answer["id"], answer["parent_id"]}
    found = await eve.get("/chats/search?query=loire -rhine")
    (hit,) = found["items"]
    start, end = hit["snippet"]["marks"][0]
    assert (hit["snippet"]["text"][start:end], hit["title"]) == ("Loire", "Which river is the longest?")


async def test_titles_are_found_too(eve: Talk) -> None:
    chat = await eve.begin()
    await eve.send("PUT", f"/chats/{chat}", {"title": "Häuser in Köln"})
    assert [one["id"] for one in (await eve.get("/chats/search?query=koln"))["chats"]] == [chat]


async def test_results_come_page_by_page_the_newest_first(eve: Talk, clock: Any) -> None:
    chat = await eve.begin()
    made = []
    for number in range(5):
        made.append(await eve.write(chat, f"needle {number}"))
        clock.advance(timedelta(seconds=1))
    first = await eve.get("/chats/search?query=needle&limit=3")
    second = await eve.get(f"/chats/search?query=needle&limit=3&after={first['next']}")
    assert [hit["message"]["id"] for page in (first, second) for hit in page["items"]] == made[::-1]
    assert second["next"] is None


async def test_what_is_deleted_or_hidden_on_request_is_not_found(eve: Talk) -> None:
    hidden, deleted = await eve.begin(), await eve.begin()
    for chat in (hidden, deleted):
        await eve.write(chat, "secret plans")
    await eve.send("PUT", f"/chats/{hidden}", {"hidden": True})
    await eve.send("DELETE", f"/chats/{deleted}")
    assert [hit["message"]["chat_id"] for hit in (await eve.get("/chats/search?query=plans"))["items"]] == [hidden]
    assert (await eve.get("/chats/search?query=plans&include_hidden=false"))["items"] == []


async def test_a_search_for_nothing_finds_nothing(eve: Talk) -> None:
    await eve.write(await eve.begin(), "words")
    assert (await eve.get("/chats/search?query=%21%21"))["items"] == []
    assert (await eve.send("GET", "/chats/search?query=")).status_code == 422


# --- export -----------------------------------------------------------------------------------------------------------


async def test_a_thread_is_exported_as_markdown(eve: Talk, hub: Any) -> None:
    chat = await eve.begin()
    hub.answering.will("Use `print`.")
    first = await eve.turn(chat, "How do I print?")
    await eve.turn(chat, "Another beginning")
    await eve.send("PUT", f"/chats/{chat}", {"active_thread_tail_message_id": first["id"]})
    answer = await eve.send("GET", f"/chats/{chat}/export")
    assert answer.headers["content-type"].startswith("text/markdown")
    assert answer.headers["content-disposition"] == 'attachment; filename="how-do-i-print.md"'
    lines = [line for line in answer.text.splitlines() if line]
    assert lines[0] == "# How do I print?"
    assert lines[2:] == ["## You", "How do I print?", "## Assistant (echo)", "Use `print`."]
    other = await eve.send("GET", f"/chats/{chat}/export?message_id={first['parent_id']}")
    assert "print`" not in other.text


async def test_all_of_a_chat_is_exported_as_json(eve: Talk) -> None:
    chat = await eve.begin()
    prompt = await eve.write(chat, "Draft")
    first, second = [(await eve.answer(chat, prompt))["id"] for _ in range(2)]
    await eve.post(f"/chats/{chat}/messages/{first}/message_evals", {"inferior_message_ids": [second]})
    found = await eve.get(f"/chats/{chat}/export?format=json")
    assert {one["id"] for one in found["messages"]} == {prompt, first, second}
    assert found["choices"] == [{"selected_message_id": first, "inferior_message_ids": [second]}]
    assert (await eve.send("GET", f"/chats/{chat}/export?format=pdf")).status_code == 422


async def test_an_empty_chat_is_exported_too(eve: Talk) -> None:
    answer = await eve.send("GET", f"/chats/{await eve.begin()}/export")
    assert answer.text.startswith("# Untitled chat")


# --- links ------------------------------------------------------------------------------------------------------------


async def share(eve: Talk, chat: str, **body: object) -> dict[str, Any]:
    return await eve.post(f"/chats/{chat}/shares", body)


async def test_anybody_reads_a_shared_thread_as_it_stood_without_learning_whose_it_is(eve: Talk, hub: Any) -> None:
    chat = await eve.begin()
    first = await eve.turn(chat, "Shared <b>words</b>")
    made = await share(eve, chat)
    await eve.turn(chat, "Later words", first["id"])
    answer = await hub.http.get(made["url"])
    assert [one["content"] for one in answer.json()["messages"]] == ["Shared <b>words</b>"] * 2
    assert "eve" not in answer.text
    page = await hub.http.get(made["url"], headers={"accept": "text/html"})
    assert "Shared &lt;b&gt;words&lt;/b&gt;" in page.text
    assert "<b>" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["x-robots-tag"] == "noindex, nofollow"
    assert (await hub.http.get(made["url"], headers={"accept": "text/markdown"})).text.startswith("# Shared")


async def test_a_link_that_is_taken_back_leads_nowhere_and_the_others_stay(eve: Talk, hub: Any) -> None:
    chat = await eve.begin()
    await eve.turn(chat, "Shared")
    first, second = await share(eve, chat), await share(eve, chat)
    listed = await eve.get(f"/chats/{chat}/shares")
    assert {one["id"] for one in listed} == {first["id"], second["id"]}
    assert all(one["url"] is None for one in listed)
    assert (await eve.send("DELETE", f"/chats/{chat}/shares/{first['id']}")).status_code == 200
    assert (await eve.send("DELETE", f"/chats/{chat}/shares/{first['id']}")).status_code == 404
    assert (await hub.http.get(first["url"])).status_code == 404
    assert (await hub.http.get(second["url"])).status_code == 200
    await eve.send("DELETE", f"/chats/{chat}")
    assert (await hub.http.get(second["url"])).status_code == 404


async def test_a_link_may_end_anywhere_but_in_an_answer_that_is_not_there_yet(eve: Talk, hub: Any) -> None:
    chat = await eve.begin()
    assert (await eve.send("POST", f"/chats/{chat}/shares", {})).status_code == 409
    answer = await eve.turn(chat, "One")
    made = await share(eve, chat, message_id=answer["parent_id"])
    assert len((await hub.http.get(made["url"])).json()["messages"]) == 1
    hub.answering.will("Wait", asyncio.Event())
    message = await eve.ask(chat, await eve.write(chat, "Two"))
    assert (await eve.send("POST", f"/chats/{chat}/shares", {"message_id": message})).status_code == 409
