"""Answers are taken back and replaced through the client."""

from __future__ import annotations

from uuid import uuid4

import pytest

from oa import errors
from oa.client.hub import Hub
from oa.domain.people import Identity
from oa.domain.tasks import TaskKind
from oa.hub import campaigns
from oa.protocol.tasks import LabelInitialPromptTask
from oa.store.database import Database

ADA, BEN = (Identity("local", name, name.title()) for name in ("ada", "ben"))


async def test_a_text_is_replaced_and_then_taken_back(program: Hub) -> None:
    tasks = program.as_user(ADA).tasks
    task, name = await tasks.request(TaskKind.INITIAL_PROMPT), str(uuid4())
    await tasks.acknowledge(task.id, name)
    done = await tasks.reply(name, "What is a rivver?", user_message_id="first")
    assert await tasks.replacing(task.id).reply(name, "What is a river?", user_message_id="second") == done
    assert (await program.messages.get("second")).text == "What is a river?"
    assert await tasks.undo(task.id) == task
    with pytest.raises(errors.MessageNotFound):
        await program.messages.get("second")
    with pytest.raises(errors.TaskNotAnswered):
        await tasks.undo(task.id)


async def test_labels_are_replaced_until_the_review_has_closed(program: Hub) -> None:
    writing, reviewing = program.as_user(ADA).tasks, program.as_user(BEN).tasks
    prompt, name = await writing.request(TaskKind.INITIAL_PROMPT), str(uuid4())
    await writing.acknowledge(prompt.id, name)
    await writing.reply(name, "What is a river?", user_message_id="prompt")
    task = await reviewing.request(TaskKind.LABEL_INITIAL_PROMPT)
    assert isinstance(task, LabelInitialPromptTask)
    with pytest.raises(errors.AnswerInUse):
        await writing.undo(prompt.id)
    await reviewing.acknowledge(task.id, str(uuid4()))
    await reviewing.label(task, {"spam": 1.0})
    await reviewing.replacing(task.id).label(task, {"spam": 0.0})
    with pytest.raises(errors.AnswerBuiltUpon):
        await writing.undo(prompt.id)


async def test_warnings_come_with_the_answer_and_a_refusal_as_an_error(program: Hub, database: Database) -> None:
    settings = {"personal_data_check": "warn", "word_check": "refuse", "checked_words": "casino"}
    await database.write(lambda tx: campaigns.change(tx, settings))
    tasks = program.as_user(ADA).tasks
    task, name = await tasks.request(TaskKind.INITIAL_PROMPT), str(uuid4())
    await tasks.acknowledge(task.id, name)
    with pytest.raises(errors.TextRefused, match="casino"):
        await tasks.reply(name, "To the casino", user_message_id="first")
    done = await tasks.reply(name, "Write to ada@engine.org", user_message_id="first")
    assert [warning.what for warning in done.warnings] == ["an e-mail address"]
    done = await tasks.replacing(task.id).reply(name, "Write to me", user_message_id="second")
    assert done.warnings == []
