from __future__ import annotations

from uuid import UUID, uuid4

import httpx
import pytest
from litestar import Litestar
from sqlalchemy import func, select

from oa import errors
from oa.client.hub import Hub, Patience
from oa.client.messages import Paging
from oa.domain.emoji import Emoji, EmojiOperation
from oa.domain.lifecycle import TreeState
from oa.domain.people import AccountRole, Identity
from oa.domain.search_page import SearchFilter, parse_label_bound
from oa.domain.tasks import TaskKind
from oa.domain.tree import Role
from oa.domain.views import MessageFilter
from oa.errors import OaError
from oa.hub import accounts, campaigns, keys
from oa.hub.accounts import NewAccount
from oa.hub.keys import NewClient, NewToken
from oa.protocol.accounts import CreateApiClientRequest, Login, Registration
from oa.protocol.tasks import (
    AssistantReplyTask,
    InitialPromptTask,
    LabelAssistantReplyTask,
    LabelInitialPromptTask,
    RankAssistantRepliesTask,
    TaskRequestType,
)
from oa.protocol.users import CreateFrontendUserRequest
from oa.store import tables
from oa.store.database import Database

PEOPLE = [Identity("local", name, name.title()) for name in ("ada", "bea", "cleo", "dora", "eva")]


def new_name() -> str:
    return str(uuid4())


async def write(hub: Hub, kind: TaskKind, text: str) -> str:
    """Ask for a task of this kind and answer it; returns the program's name for the new message."""
    task = await hub.tasks.request(kind)
    task_name, message_name = new_name(), new_name()
    await hub.tasks.acknowledge(task.id, task_name)
    await hub.tasks.reply(task_name, text, user_message_id=message_name)
    return message_name


async def review(hub: Hub, kind: TaskKind, *, spam: float = 0.0) -> None:
    task = await hub.tasks.request(kind)
    assert isinstance(task, LabelInitialPromptTask | LabelAssistantReplyTask)
    await hub.tasks.acknowledge(task.id, new_name())
    await hub.tasks.label(task, {"spam": spam})


async def grown(program: Hub) -> UUID:
    """A prompt of Ada's that is accepted and grows; returns its id."""
    name = await write(program.as_user(PEOPLE[0]), TaskKind.INITIAL_PROMPT, "What is a river?")
    for person in PEOPLE[1:4]:
        await review(program.as_user(person), TaskKind.LABEL_INITIAL_PROMPT)
    with pytest.raises(OaError):  # asking draws the lottery; this kind is not there yet
        await program.as_user(PEOPLE[0]).tasks.request(TaskKind.RANK_ASSISTANT_REPLIES)
    root = (await program.messages.get(name)).id
    assert root is not None
    return root


async def test_a_tree_grows_and_is_ranked_through_the_client(program: Hub, database: Database) -> None:
    await database.write(lambda tx: campaigns.change(tx, {"goal_tree_size": "3", "max_tree_depth": "1"}))
    root = await grown(program)
    for author, text in zip(PEOPLE[1:3], ("Water that moves.", "A long lake."), strict=True):
        await write(program.as_user(author), TaskKind.ASSISTANT_REPLY, text)
    for person in (PEOPLE[0], PEOPLE[3], PEOPLE[4]):
        for _ in range(2):
            await review(program.as_user(person), TaskKind.LABEL_ASSISTANT_REPLY)
    assert (await program.trees.state(root)).state is TreeState.RANKING
    for person in (PEOPLE[0], PEOPLE[3], PEOPLE[4]):
        hub = program.as_user(person)
        task = await hub.tasks.request(TaskKind.RANK_ASSISTANT_REPLIES)
        assert isinstance(task, RankAssistantRepliesTask)
        name = new_name()
        await hub.tasks.acknowledge(task.id, name)
        texts = [reply.text for reply in task.reply_messages]
        await hub.tasks.rank(name, [texts.index("Water that moves."), texts.index("A long lake.")])
    state = await program.trees.state(root)
    assert state.state is TreeState.READY_FOR_EXPORT
    ranks = {message.text: message.rank for message in await program.messages.children(root)}
    assert ranks == {"Water that moves.": 0, "A long lake.": 1}


async def test_what_is_open_can_be_asked_before_taking_it(program: Hub) -> None:
    hub = program.as_user(PEOPLE[0])
    open_work = await hub.tasks.availability("en")
    assert open_work[TaskRequestType.INITIAL_PROMPT] > 0
    assert open_work[TaskRequestType.RANDOM] == sum(open_work.values()) - open_work[TaskRequestType.RANDOM]
    assert isinstance(await hub.tasks.request(lang="en"), InitialPromptTask)


async def test_a_task_that_is_given_back_takes_no_answer(program: Hub) -> None:
    hub = program.as_user(PEOPLE[0])
    task, name = await hub.tasks.request(), new_name()
    await hub.tasks.acknowledge(task.id, name)
    await hub.tasks.decline(task.id, "not today")
    with pytest.raises(errors.TaskSkipped):
        await hub.tasks.reply(name, "late", user_message_id=new_name())


async def test_a_collective_task_is_answered_by_many_and_then_closed(program: Hub) -> None:
    task = await program.as_user(PEOPLE[0]).tasks.request(TaskKind.INITIAL_PROMPT, collective=True)
    name = new_name()
    await program.tasks.acknowledge(task.id, name)
    for person in PEOPLE[:2]:
        await program.as_user(person).tasks.reply(name, f"From {person.username}", user_message_id=new_name())
    await program.tasks.close(name)
    with pytest.raises(errors.TaskAlreadyDone):
        await program.tasks.close(name)


async def test_conversations_and_trees_are_read_by_either_name(program: Hub) -> None:
    root = await grown(program)
    hub = program.as_user(PEOPLE[1])
    task, task_name, name = await hub.tasks.request(TaskKind.ASSISTANT_REPLY), new_name(), new_name()
    assert isinstance(task, AssistantReplyTask)
    await hub.tasks.acknowledge(task.id, task_name)
    await hub.tasks.reply(task_name, "Water that moves.", user_message_id=name)
    reply = await program.messages.get(name)
    assert reply.id is not None
    assert reply.parent_id == root
    assert await program.messages.get(reply.id) == reply
    assert [one.text for one in (await program.messages.conversation(name)).messages] == [
        "What is a river?",
        "Water that moves.",
    ]
    assert {one.id for one in (await program.trees.get(name)).messages} == {root, reply.id}
    assert [one.id for one in (await program.messages.descendants(root)).messages] == [reply.id]
    assert [one.id for one in (await program.trees.longest_conversation(reply.id)).messages] == [root]


async def test_a_list_is_walked_page_by_page(program: Hub) -> None:
    hub = program.as_user(PEOPLE[0])
    written = [await write(hub, TaskKind.INITIAL_PROMPT, f"Prompt {number}") for number in range(7)]
    small = Paging(size=3, include_user=True)
    walked = [message async for message in program.messages.walk(MessageFilter(lang="en"), small)]
    assert {message.frontend_message_id for message in walked} == set(written)
    assert len(walked) == 7
    assert walked[0].user is not None
    assert walked[0].user.id == "ada"
    assert len(await program.messages.by_date(MessageFilter(only_roots=True), limit=4)) == 4


async def test_a_search_finds_words(program: Hub) -> None:
    hub = program.as_user(PEOPLE[0])
    for text in ("Apples and pears", "Pears only"):
        await write(hub, TaskKind.INITIAL_PROMPT, text)
    page = await program.messages.page(MessageFilter(lang="en", words=("apples", "pears")))
    assert [message.text for message in page.items] == ["Apples and pears"]


async def test_a_ranked_search_is_walked_and_narrowed(program: Hub) -> None:
    hub = program.as_user(PEOPLE[0])
    for text in ("Apples and pears", "Pears only", "Plums"):
        await write(hub, TaskKind.INITIAL_PROMPT, text)
    wanted = SearchFilter(lang="en", role=Role.PROMPTER, labels=())
    first = await program.messages.search("pears", wanted, size=1)
    second = await program.messages.search("pears", wanted, size=1, cursor=first.next)
    found = [hit.message.text for hit in (*first.items, *second.items)]
    assert found == [hit.message.text async for hit in program.messages.walk_search("PEARS", wanted)]
    assert sorted(found) == ["Apples and pears", "Pears only"]
    strict = SearchFilter(labels=(parse_label_bound("quality>=0.5"), parse_label_bound("spam<0.1")))
    assert (await program.messages.search("pears", strict)).items == []


async def test_reactions_come_and_go(program: Hub) -> None:
    root = await grown(program)
    hub = program.as_user(PEOPLE[1])
    message = await hub.messages.react(root, Emoji.THUMBS_UP)
    assert (message.emojis, message.user_emojis) == ({"+1": 1}, ["+1"])
    message = await hub.messages.react(root, Emoji.THUMBS_UP, EmojiOperation.REMOVE)
    assert not message.emojis


async def test_remarks_and_what_they_may_say(program: Hub) -> None:
    root = await grown(program)
    assert "spam" in [label.name for label in await program.labels.valid(root)]
    assert "spam" in [label.name for label in await program.labels.reasons_to_report()]
    hub = program.as_user(PEOPLE[4])
    await hub.labels.remark(root, "What is a river?", {"quality": 0.75}, is_report=True)
    assert (await hub.messages.get(root)).emojis == {"red_flag": 1}
    with pytest.raises(errors.InvalidLabel):
        await hub.labels.remark(root, "What is a river?", {"colour": 1.0})


async def test_a_moderating_program_halts_and_resumes_a_tree(program: Hub) -> None:
    root = await grown(program)
    assert (await program.trees.halt(root)).state is TreeState.HALTED_BY_MODERATOR
    assert (await program.trees.resume(root)).state is TreeState.GROWING


async def test_users_are_made_known_and_found(program: Hub) -> None:
    made = await program.users.put(CreateFrontendUserRequest(id="zoë/1", display_name="Zoë", auth_method="local"))
    assert await program.users.get(made.user_id) == made
    with pytest.raises(errors.UserNotFound):
        await program.users.find(Identity("local", "nobody"))


class LosesAnswers(httpx.AsyncBaseTransport):
    """Delivers every request, and loses the first answer to each address."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self._lost: set[str] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        if (address := f"{request.method} {request.url.path}") not in self._lost:
            self._lost.add(address)
            await response.aclose()
            raise httpx.ReadError("the cable", request=request)
        return response


async def test_what_is_sent_again_because_the_answer_was_lost_is_done_once(app: Litestar, database: Database) -> None:
    issued = await database.write(lambda tx: keys.create_client(tx, NewClient(description="program", trusted=True)))
    transport = LosesAnswers(httpx.ASGITransport(app=app))
    quick = Patience(first_wait_s=0.0)
    async with Hub("http://hub.test", key=issued.secret, patience=quick, transport=transport) as program:
        hub = program.as_user(PEOPLE[0])
        name = await write(hub, TaskKind.INITIAL_PROMPT, "What is a river?")
        written = await program.messages.by_date()
        assert [message.frontend_message_id for message in written] == [name]
    held = await database.read(lambda tx: tx.connection.scalar(select(func.count()).select_from(tables.tasks)))
    assert held == 1


async def test_a_program_must_say_for_whom_it_acts(program: Hub) -> None:
    with pytest.raises(errors.UserNotSpecified, match="as_user"):
        await program.tasks.request()


async def test_an_unknown_key_is_refused(app: Litestar) -> None:
    async with Hub("http://hub.test", key="oak_wrong", transport=httpx.ASGITransport(app=app)) as stranger:
        with pytest.raises(errors.ClientNotAuthorized):
            await stranger.as_user(PEOPLE[0]).tasks.request()


async def test_a_person_registers_signs_in_and_works_under_their_own_name(program: Hub) -> None:
    registration = Registration(username="greta", password="a long enough secret")
    new = await program.accounts.register(registration)
    assert new.role is AccountRole.VOLUNTEER
    again = await program.accounts.sign_in(Login(username="greta", password="a long enough secret"))
    hub = program.with_token(again.token)
    assert await hub.accounts.whoami() == "greta"
    name = await write(hub, TaskKind.INITIAL_PROMPT, "What is a lake?")
    message = await hub.messages.get(name)
    assert message.user_id == new.user_id
    assert message.user_is_author
    with pytest.raises(errors.InvalidAuthentication):
        await program.accounts.sign_in(Login(username="greta", password="something else"))


async def test_an_admin_makes_keys_for_programs(program: Hub, database: Database) -> None:
    admin = await database.write(lambda tx: accounts.create_account(tx, NewAccount("root", role=AccountRole.ADMIN)))
    token = await database.write(lambda tx: keys.issue_token(tx, admin.user, NewToken("test")))
    wanted = CreateApiClientRequest(description="bot", frontend_type="discord")
    key = await program.with_token(token.secret).accounts.create_api_client(wanted)
    assert key.startswith("oak_")
    with pytest.raises(errors.RootTokenNotAuthorized):
        await program.accounts.create_api_client(wanted)


@pytest.mark.parametrize("url", ["", "hub.test", "ftp://hub.test", "http://", "http://[::1"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(errors.Invalid, match="address of a hub"):
        Hub(url)
