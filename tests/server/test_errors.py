"""Every documented error, met over HTTP as a client meets it: its status, its number, and a sentence."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from oa import errors
from oa.domain.people import AccountRole
from oa.hub import accounts
from oa.server.errors import OPEN_ASSISTANT_STATUS
from oa.store import dialect

Meeting = Callable[["Scene"], Awaitable[httpx.Response]]

NEVER_MET = {
    1: "the data directory is always there: a hub without one does not start",
    **dict.fromkeys((500, 501), "a database's own words are not told; 4 is"),
    1000: "a type that does not exist is 422, as it was",
    **dict.fromkeys((1001, 1002, 1004, 1005, 1007), "it wrapped errors that now have their own codes"),
    1010: "white space is stripped first, and nothing is 422, as it was",
    2002: "nobody is asked for a rating",
    2004: "every stored task has a type that exists",
    2007: "a tree without replies is answered with the prompt alone",
    2008: "a message always has a text: the database demands it",
    **dict.fromkeys((2102, 2107), "an answer of the wrong kind is 1003"),
    3001: "a classifier is asked in tests/server/test_stats.py",
    5000: "an operation that does not exist is 422, as it was",
}
"""Codes of the original that this hub has no use for, and why."""

OUR_OWN = {
    *(errors.TaskSkipped.number, errors.SlotTaken.number, errors.OwnMessage.number),
    *(errors.AnswerBuiltUpon.number, errors.AnswerInUse.number, errors.TaskNotAnswered.number),
    errors.TextRefused.number,
}

DOCUMENTED = {
    *(0, 1, 2, 3, 4, 100, 101, 429, 500, 501, 600),
    *(1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012),
    *(2000, 2001, 2002, 2003, 2004, 2006, 2007, 2008, 2009, 2010, 2011, 2012),
    *(2050, 2051, 2052, 2053, 2100, 2101, 2102, 2103, 2104, 2105, 2106, 2107),
    *(3001, 4000, 4001, 4002, 4003, 5000, 6000),
}
"""Every number that the original gave a name."""


class Scene:
    """A hub, what stands around it, and the few steps that lead to most errors."""

    def __init__(self, hub: Any, garden: Any, clock: Any, data_file: Path) -> None:
        self.hub, self.garden, self.clock, self._file = hub, garden, clock, data_file

    async def review(self, name: str = "bob", **more: Any) -> dict[str, Any]:
        """The task of reviewing a new prompt."""
        await self.hub.write_prompt("ada")
        task: dict[str, Any] = await self.hub.take(name, "label_initial_prompt", **more)
        return task

    async def reply(self, name: str = "bob") -> dict[str, Any]:
        """The task of answering a prompt that has been accepted."""
        await self.hub.set_campaign(num_reviews_initial_prompt=1)
        await self.hub.answer("judge", await self.review("judge"))
        task: dict[str, Any] = await self.hub.take(name, "assistant_reply")
        return task

    async def ranking(self, name: str = "bob") -> dict[str, Any]:
        """The task of ranking two replies; one ballot is wanted."""
        settings = {"num_reviews_initial_prompt": 1, "num_reviews_reply": 1, "goal_tree_size": 3}
        await self.hub.set_campaign(num_required_rankings=1, **settings)
        await self.hub.answer("judge", await self.review("judge"))
        for writer in ("cy", "dee"):
            await self.hub.answer(writer, await self.hub.take(writer, "assistant_reply"))
            await self.hub.answer("judge", await self.hub.take("judge", "label_assistant_reply"))
        task: dict[str, Any] = await self.hub.take(name, "rank_assistant_replies")
        return task

    def damage(self, statement: str, *values: UUID) -> None:
        """Change the data behind the hub's back, where it is a SQLite file that takes any change."""
        if not dialect.is_sqlite_url(self.hub.database.url):
            pytest.skip("PostgreSQL keeps its data from such damage")
        with sqlite3.connect(self._file) as connection:
            connection.execute(statement, [value.hex for value in values])
        connection.close()


@pytest.fixture
def scene(hub: Any, garden: Any, clock: Any, data_dir: Path) -> Scene:
    return Scene(hub, garden, clock, data_dir / "oa.db")


# --- who asks --------------------------------------------------------------------------------------------------------


async def no_key(scene: Scene) -> httpx.Response:
    return await scene.hub.send("GET", "/messages/", key="")


async def no_admin(scene: Scene) -> httpx.Response:
    return await scene.hub.send("POST", "/admin/api_client", {"description": "bot", "frontend_type": "bot"})


async def closed_database(scene: Scene) -> httpx.Response:
    await scene.hub.database.close()
    return await scene.hub.ask("ada")


async def bad_cursor(scene: Scene) -> httpx.Response:
    return await scene.hub.send("GET", "/messages/cursor?before=yesterday")


async def no_person(scene: Scene) -> httpx.Response:
    return await scene.hub.send("GET", "/auth/check")


async def nobody_named(scene: Scene) -> httpx.Response:
    task = await scene.hub.take("ada")
    return await scene.hub.send("POST", f"/tasks/{task['id']}/nack", {"reason": "tired"})


async def disabled_user(scene: Scene) -> httpx.Response:
    task = await scene.hub.take("ada")
    user = (await scene.hub.send("GET", "/frontend_users/local/ada")).json()
    await scene.hub.database.write(lambda tx: accounts.set_enabled(tx, user["user_id"], False))
    return await scene.hub.answer("ada", task)


async def unknown_sort_key(scene: Scene) -> httpx.Response:
    return await scene.hub.send("GET", "/users/cursor?sort_key=shoe_size")


async def terms_not_accepted(scene: Scene) -> httpx.Response:
    await scene.hub.set_campaign(require_terms=True)
    return await scene.hub.ask("ada")


async def unknown_user(scene: Scene) -> httpx.Response:
    return await scene.hub.send("GET", "/messages/", x_oasst_user="local:nobody")


async def empty_user(scene: Scene) -> httpx.Response:
    return await scene.hub.ask("")


async def too_many_requests(scene: Scene) -> httpx.Response:
    for _ in range(5):
        asked = await scene.hub.ask("ada", "assistant_reply")
    return asked


async def nothing_counted(scene: Scene) -> httpx.Response:
    await scene.hub.send("GET", "/stats/cached")
    scene.damage("DELETE FROM cached_stats")
    return await scene.hub.send("GET", "/stats/cached/users_accepted_tos")


async def no_classifier(scene: Scene) -> httpx.Response:
    return await scene.hub.send("GET", "/hf/text_toxicity?msg=x", key=scene.hub.trusted_key)


async def moderating_a_deleted_message(scene: Scene) -> httpx.Response:
    prompt = await scene.hub.write_prompt("ada")
    await scene.hub.send("DELETE", f"/messages/{prompt}", key=scene.hub.trusted_key)
    body = {"user": scene.hub.user("mo"), "new_content": "x"}
    return await scene.hub.send("POST", f"/messages/{prompt}/edit", body, key=scene.hub.trusted_key)


async def moderating_an_admin(scene: Scene) -> httpx.Response:
    make = accounts.NewAccount("root", AccountRole.ADMIN)
    admin = await scene.hub.database.write(lambda tx: accounts.create_account(tx, make))
    return await scene.hub.send("POST", f"/moderation/users/{admin.user.id}/stop", key=scene.hub.trusted_key)


async def unknown_event(scene: Scene) -> httpx.Response:
    return await scene.hub.send("POST", "/moderation/journal/0/undo", key=scene.hub.trusted_key)


async def undoing_a_prompt(scene: Scene) -> httpx.Response:
    await scene.hub.write_prompt("ada")
    return await scene.hub.send("POST", "/moderation/journal/1/undo", key=scene.hub.trusted_key)


# --- tasks -----------------------------------------------------------------------------------------------------------


async def answer_of_another_kind(scene: Scene) -> httpx.Response:
    task = await scene.review()
    body = {"type": "message_ranking", "message_id": task["id"], "ranking": [0]}
    return await scene.hub.answer("bob", {"id": task["id"]}, **body)


async def nothing_of_this_kind(scene: Scene) -> httpx.Response:
    return await scene.hub.ask("ada", "label_initial_prompt")


async def too_many_pending(scene: Scene) -> httpx.Response:
    for _ in range(9):
        asked = await scene.hub.ask("ada")
    return asked


async def unknown_task(scene: Scene) -> httpx.Response:
    return await scene.hub.answer("ada", {"id": str(uuid4())})


async def unknown_task_in_ack(scene: Scene) -> httpx.Response:
    return await scene.hub.send("POST", f"/tasks/{uuid4()}/ack", {"message_id": "m"})


async def expired_task(scene: Scene) -> httpx.Response:
    task = await scene.hub.take("ada")
    scene.clock.advance(timedelta(minutes=2880))
    return await scene.hub.answer("ada", task)


async def another_name_in_ack(scene: Scene) -> httpx.Response:
    task = await scene.hub.take("ada")
    return await scene.hub.send("POST", f"/tasks/{task['id']}/ack", {"message_id": "another"})


async def no_ack(scene: Scene) -> httpx.Response:
    await scene.hub.write_prompt("ada")
    return await scene.hub.answer("bob", (await scene.hub.ask("bob", "label_initial_prompt")).json())


async def second_answer(scene: Scene) -> httpx.Response:
    task = await scene.hub.take("ada")
    await scene.hub.answer("ada", task)
    return await scene.hub.answer("ada", task, text="another text", user_message_id="another")


async def somebody_elses_task(scene: Scene) -> httpx.Response:
    return await scene.hub.answer("bob", await scene.hub.take("ada"))


async def closing_ones_own_task(scene: Scene) -> httpx.Response:
    task = await scene.hub.take("ada")
    return await scene.hub.send("POST", "/tasks/close", {"message_id": task["id"]})


async def skipped_task(scene: Scene) -> httpx.Response:
    task = await scene.hub.take("ada")
    await scene.hub.send("POST", f"/tasks/{task['id']}/nack", {"reason": "tired"}, x_oasst_user="local:ada")
    return await scene.hub.answer("ada", task)


# --- second thoughts -------------------------------------------------------------------------------------------------


async def undo(scene: Scene, task: dict[str, Any]) -> httpx.Response:
    undone: httpx.Response = await scene.hub.send("POST", f"/tasks/{task['id']}/undo", x_oasst_user="local:ada")
    return undone


async def answer_that_was_reviewed(scene: Scene) -> httpx.Response:
    task = await scene.hub.take("ada", "initial_prompt")
    await scene.hub.answer("ada", task)
    await scene.hub.answer("bob", await scene.hub.take("bob", "label_initial_prompt"))
    return await undo(scene, task)


async def answer_that_is_being_reviewed(scene: Scene) -> httpx.Response:
    task = await scene.hub.take("ada", "initial_prompt")
    await scene.hub.answer("ada", task)
    await scene.hub.take("bob", "label_initial_prompt")
    return await undo(scene, task)


async def nothing_to_undo(scene: Scene) -> httpx.Response:
    return await undo(scene, await scene.hub.take("ada"))


# --- texts -----------------------------------------------------------------------------------------------------------


async def long_text(scene: Scene) -> httpx.Response:
    return await scene.hub.answer("ada", await scene.hub.take("ada"), text="x" * 2001)


async def refused_text(scene: Scene) -> httpx.Response:
    await scene.hub.set_campaign(word_check="refuse", checked_words="casino")
    return await scene.hub.answer("ada", await scene.hub.take("ada"), text="To the casino")


async def same_text_again(scene: Scene) -> httpx.Response:
    for _ in range(2):
        sent = await scene.hub.answer("ada", await scene.hub.take("ada", "initial_prompt"), text="the same")
    return sent


async def second_reply(scene: Scene) -> httpx.Response:
    first = await scene.reply()
    scene.clock.advance(timedelta(seconds=301))
    second = await scene.hub.take("bob", "assistant_reply")
    await scene.hub.answer("bob", first)
    return await scene.hub.answer("bob", second)


async def no_name_for_a_message(scene: Scene) -> httpx.Response:
    return await scene.hub.answer("ada", await scene.hub.take("ada"), user_message_id="")


async def halted_tree(scene: Scene) -> httpx.Response:
    task = await scene.reply()
    prompt = task["conversation"]["messages"][0]["id"]
    await scene.hub.send("PUT", f"/messages/{prompt}/tree/state?halt=true", key=scene.hub.trusted_key)
    return await scene.hub.answer("bob", task)


async def own_prompt(scene: Scene) -> httpx.Response:
    await scene.hub.set_campaign(allow_self_replies="true")
    task = await scene.reply("ada")
    await scene.hub.set_campaign(allow_self_replies="false")
    return await scene.hub.answer("ada", task)


# --- rankings --------------------------------------------------------------------------------------------------------


async def no_permutation(scene: Scene) -> httpx.Response:
    return await scene.hub.answer("bob", await scene.ranking(), ranking=[0, 0])


async def moved_reply(scene: Scene) -> httpx.Response:
    task = await scene.ranking()
    first, second = (UUID(reply["id"]) for reply in task["reply_messages"])
    scene.damage("UPDATE message SET parent_id = ? WHERE id = ?", first, second)
    return await scene.hub.answer("bob", task)


async def ranking_completed_by_others(scene: Scene) -> httpx.Response:
    late = await scene.ranking("bob")
    scene.clock.advance(timedelta(seconds=301))
    await scene.hub.answer("eve", await scene.hub.take("eve", "rank_assistant_replies"))
    return await scene.hub.answer("bob", late)


# --- labels ----------------------------------------------------------------------------------------------------------


async def labels_for_another_message(scene: Scene) -> httpx.Response:
    task = await scene.review()
    return await scene.hub.answer("bob", task, message_id=await scene.hub.write_prompt("cy"))


async def unknown_label(scene: Scene) -> httpx.Response:
    return await scene.hub.answer("bob", await scene.review(), labels={"spam": 0, "fails_task": 0})


async def missing_label(scene: Scene) -> httpx.Response:
    return await scene.hub.answer("bob", await scene.review(), labels={"quality": 1})


async def own_message(scene: Scene) -> httpx.Response:
    await scene.hub.set_campaign(allow_self_labeling="true")
    task = await scene.review("ada")
    await scene.hub.set_campaign(allow_self_labeling="false")
    return await scene.hub.answer("ada", task)


async def second_review(scene: Scene) -> httpx.Response:
    await scene.hub.set_campaign(allow_duplicate_tasks="true")
    first = await scene.review()
    scene.clock.advance(timedelta(seconds=301))  # until then nobody is asked twice
    second = await scene.hub.take("bob", "label_initial_prompt")
    await scene.hub.set_campaign(allow_duplicate_tasks="false")
    await scene.hub.answer("bob", first)
    return await scene.hub.answer("bob", second)


# --- messages --------------------------------------------------------------------------------------------------------


async def unknown_message(scene: Scene) -> httpx.Response:
    return await scene.hub.send("GET", f"/messages/{uuid4()}")


async def message_without_a_tree(scene: Scene) -> httpx.Response:
    return await scene.hub.send("GET", f"/messages/{scene.garden.add_message()}/tree/state")


async def lost_ancestor(scene: Scene) -> httpx.Response:
    leaf = scene.garden.add_message(scene.garden.add_message())
    scene.damage("UPDATE message SET parent_id = ? WHERE id = ?", uuid4(), leaf)
    return await scene.hub.send("GET", f"/messages/{leaf}/conversation")


async def unknown_address(scene: Scene) -> httpx.Response:
    return await scene.hub.send("GET", "/nothing")


MET: list[tuple[int, int, str, Meeting]] = [
    (404, 0, "not_found", unknown_address),
    (403, 2, "client_not_authorized", no_key),
    (403, 3, "root_token_not_authorized", no_admin),
    (503, 4, "store_unavailable", closed_database),
    (400, 101, "invalid_cursor", bad_cursor),
    (429, 429, "too_many_requests", too_many_requests),
    (401, 600, "invalid_authentication", no_person),
    (400, 1003, "task_invalid_response_type", answer_of_another_kind),
    (503, 1006, "task_requested_type_not_available", nothing_of_this_kind),
    (400, 1008, "task_message_too_long", long_text),
    (400, 1009, "task_message_duplicated", same_text_again),
    (400, 1011, "task_message_duplicate_reply", second_reply),
    (400, 1012, "task_too_many_pending", too_many_pending),
    (400, 1013, "task_message_refused", refused_text),
    (400, 2000, "invalid_frontend_message_id", no_name_for_a_message),
    (404, 2001, "message_not_found", unknown_message),
    (400, 2003, "invalid_ranking_value", no_permutation),
    (400, 2006, "no_message_tree_found", message_without_a_tree),
    (500, 2009, "broken_conversation", lost_ancestor),
    (400, 2010, "tree_in_aborted_state", halted_tree),
    (400, 2011, "corrupt_ranking_result", moved_reply),
    (400, 2012, "auth_and_username_required", empty_user),
    (400, 2050, "text_labels_wrong_message_id", labels_for_another_message),
    (400, 2051, "text_labels_invalid_label", unknown_label),
    (400, 2052, "text_labels_mandatory_label_missing", missing_label),
    (400, 2053, "text_labels_no_self_labeling", own_message),
    (400, 2053, "text_labels_duplicate_task_reply", second_review),
    (400, 2100, "task_not_found", unknown_task),
    (404, 2100, "task_not_found", unknown_task_in_ack),
    (400, 2101, "task_expired", expired_task),
    (400, 2103, "task_already_updated", another_name_in_ack),
    (400, 2104, "task_not_ack", no_ack),
    (400, 2105, "task_already_done", second_answer),
    (400, 2106, "task_not_assigned_to_user", somebody_elses_task),
    (400, 2106, "task_not_collective", closing_ones_own_task),
    (400, 2108, "task_skipped", skipped_task),
    (400, 2109, "task_slot_taken", ranking_completed_by_others),
    (400, 2110, "task_own_message", own_prompt),
    (400, 2111, "task_answer_built_upon", answer_that_was_reviewed),
    (400, 2112, "task_answer_in_use", answer_that_is_being_reviewed),
    (400, 2113, "task_not_answered", nothing_to_undo),
    (400, 4000, "user_not_specified", nobody_named),
    (503, 4001, "user_disabled", disabled_user),
    (404, 4002, "user_not_found", unknown_user),
    (451, 4003, "terms_not_accepted", terms_not_accepted),
    (400, 100, "sort_key_unsupported", unknown_sort_key),
    (400, 6000, "cached_stats_not_available", nothing_counted),
    (501, 0, "no_classifier", no_classifier),
    (409, 0, "message_is_deleted", moderating_a_deleted_message),
    (403, 2, "person_protected", moderating_an_admin),
    (404, 0, "event_not_found", unknown_event),
    (409, 0, "cannot_undo", undoing_a_prompt),
]


@pytest.mark.parametrize(
    ("status", "number", "code", "meeting"), [pytest.param(*met, id=f"{met[1]} {met[3].__name__}") for met in MET]
)
async def test_the_documented_error_is_met(scene: Scene, status: int, number: int, code: str, meeting: Meeting) -> None:
    answer = await meeting(scene)
    body = answer.json()
    assert (answer.status_code, body["error_code"], body["code"]) == (status, number, code)
    assert body.keys() == {"error_code", "message", "code"}
    assert len(body["message"].split()) >= 4
    assert answer.headers["content-type"] == "application/json"


def test_every_number_is_either_met_or_explained() -> None:
    met = {number for _, number, _, _ in MET} - OUR_OWN
    assert met | NEVER_MET.keys() == DOCUMENTED
    assert met & NEVER_MET.keys() == set()


def test_every_error_that_is_met_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs/api.md").read_text("utf-8")
    for status, number, code, meeting in MET:
        if meeting is not unknown_task_in_ack:  # the row of its code says so in words
            assert f"| {status} | {number} | `{code}` | " in page


def leaves(kind: type[errors.OaError]) -> set[type[errors.OaError]]:
    below = kind.__subclasses__()
    return set[type[errors.OaError]]().union(*(leaves(child) for child in below)) if below else {kind}


def test_two_errors_share_a_code_never_and_a_number_only_where_the_original_did() -> None:
    found = [
        leaf for leaf in leaves(errors.OaError) if leaf.__module__.startswith(errors.__name__) and "code" in vars(leaf)
    ]
    codes = [leaf.code for leaf in found]
    assert sorted(codes) == sorted(set(codes))
    numbers = [leaf.number for leaf in found if "number" in vars(leaf) and leaf.number]
    assert {number for number in numbers if numbers.count(number) > 1} == {2053, 2106}


def test_every_error_has_a_status() -> None:
    for leaf in leaves(errors.OaError):
        assert any(kind in OPEN_ASSISTANT_STATUS for kind in leaf.__mro__)
