from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from community import SMALL, Community
from recount import differences
from sample_trees import message, name_of, without_lines
from shipping import ACCEPTED, EVERYTHING, finished, fresh, give_out, take_in

from oa.domain.emoji import Emoji
from oa.domain.lifecycle import TreeState
from oa.domain.records import TreeRecord, message_uuid, user_uuid
from oa.domain.review import LabelMean
from oa.domain.selection import Selection, Share
from oa.domain.tree import Role
from oa.errors import UserNotFound
from oa.hub.exchange import Exporter, Importer, ImportOptions
from oa.store.database import Database


def test_what_was_made_here_comes_out_with_its_labels_and_events(database: Database, community: Community) -> None:
    community.set(**SMALL)
    prompt, replies = community.ranking()
    for name, order in (("rita", replies), ("rob", replies), ("rosa", replies[::-1])):
        community.rank(name, community.take(name, "rank_assistant_replies"), *order)
    community.react("rob", prompt, Emoji.THUMBS_UP)
    (found,) = give_out(database, Selection(labels=True, events=True))

    assert (found.id, found.state, found.origin) == (str(prompt), TreeState.READY_FOR_EXPORT, None)
    top, first, second = found.messages
    assert (top.id, first.id, second.id) == (str(prompt), *map(str, replies))
    assert (first.rank, second.rank) == (0, 1)
    assert top.labels == {"spam": LabelMean(0.0, 3)}
    assert top.user_id == str(community.user_id("ada"))
    assert top.emojis == {"+1": 1}
    assert top.events is not None
    assert top.events["emoji"] == [{"type": "emoji", "user_id": str(community.user_id("rob")), "emoji": "+1"}]
    for event in top.events["ranking"]:
        shown = event["ranked_message_ids"]
        assert sorted(event["ranking"]) == [0, 1]
        assert sorted(shown) == sorted(map(str, replies))
        assert event["ranking_parent_id"] == event["message_tree_id"] == str(prompt)
        assert "not_rankable" not in event
    assert [event["ranked_message_ids"][0] for event in top.events["ranking"]].count(str(replies[0])) == 2


def test_everything_that_was_made_here_can_move_to_another_hub(
    database: Database, community: Community, tmp_path: Path, empty_database_file: Path
) -> None:
    community.set(**SMALL)
    community.finished("ada")
    community.prompt("ben")
    community.delete(community.prompt("cleo"))
    exported = give_out(database)
    with fresh(empty_database_file, tmp_path) as elsewhere:
        take_in(elsewhere, exported)
        assert give_out(elsewhere) == exported
        assert differences(elsewhere) == []


def test_labels_from_here_and_from_elsewhere_weigh_as_many_as_gave_them(
    database: Database, community: Community
) -> None:
    labels = {"spam": LabelMean(0.5, 2), "quality": LabelMean(0.25, 3), "funny": LabelMean(1.0, 0)}
    take_in(database, [finished(labels=labels)])
    community.remark("ada", UUID(name_of(0)), spam=1.0, humor=0.5)
    (found,) = give_out(database, Selection(labels=True))
    assert found.messages[0].labels == {
        "spam": LabelMean(2 / 3, 3),
        "quality": LabelMean(0.25, 3),
        "humor": LabelMean(0.5, 1),
        "funny": LabelMean(1.0, 0),
    }
    assert found.messages[1].labels == {name: labels[name] for name in labels}


def test_labels_and_events_come_only_when_they_are_asked_for(database: Database) -> None:
    facts = {"labels": {"spam": LabelMean(0, 1)}, "events": {"emoji": []}, "detoxify": {"toxicity": 0.5}}
    take_in(database, [finished(**facts)])
    for selection, present in (
        (Selection(), (False, False, False)),
        (Selection(labels=True), (True, False, True)),
        (Selection(events=True), (False, True, False)),
    ):
        top = give_out(database, selection)[0].messages[0]
        assert tuple(value is not None for value in (top.labels, top.events, top.detoxify)) == present


def test_trees_come_by_the_date_of_their_prompts(database: Database) -> None:
    dates = [datetime(2023, 1, day, tzinfo=UTC) for day in (3, 1, 2)]
    records = [finished(10 * number, created_date=date) for number, date in enumerate(dates)]
    take_in(database, records)
    assert [one.id for one in give_out(database)] == [records[number].id for number in (1, 2, 0)]
    assert len(give_out(database, Selection(limit=2))) == 2


def test_more_trees_come_than_are_read_at_a_time(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oa.store.records.BATCH", 2)
    monkeypatch.setattr("oa.store.records.LARGEST_IN", 2)
    records = [finished(10 * number, labels={"spam": LabelMean(0, number)}) for number in range(5)]
    take_in(database, records)
    found = give_out(database, Selection(labels=True))
    assert [[(one.id, one.labels) for one in record.messages] for record in found] == [
        [(one.id, one.labels) for one in (record.messages[0], *record.messages[:0:-1])] for record in records
    ]


@pytest.mark.parametrize(
    ("selection", "numbers"),
    [
        (Selection(), [0]),
        (Selection(synthetic=Share.ALSO), [0, 20]),
        (Selection(synthetic=Share.ONLY), [20]),
        (Selection(state=None), [0, 30]),
        (Selection(state=TreeState.GROWING), []),
        (Selection(lang="de", state=None), [30]),
        (Selection(spam=Share.ALSO), [0, 10]),
    ],
)
def test_trees_are_chosen_by_state_language_and_who_wrote_them(
    database: Database, selection: Selection, numbers: list[int]
) -> None:
    rejected = {"review_result": False}
    machine = dataclasses.replace(
        finished(20), messages=(*finished(20).messages[:2], message(22, 20, role=Role.ASSISTANT, synthetic=True))
    )
    halted = dataclasses.replace(finished(30, lang="de"), state=TreeState.HALTED_BY_MODERATOR)
    take_in(database, [finished(0), finished(10, **rejected), machine, halted])
    assert [one.id for one in give_out(database, selection)] == [name_of(number) for number in numbers]


def test_trees_without_a_prompt_to_show_are_counted(database: Database) -> None:
    take_in(database, [finished(), finished(10, review_result=False)])
    exporter = Exporter(Selection())
    assert len(database.run(lambda tx: list(exporter.records(tx)))) == 1
    assert (exporter.trees, exporter.messages, exporter.skipped) == (1, 3, 1)


def test_one_persons_messages_come_from_every_tree(database: Database, community: Community) -> None:
    digest = "cd" * 32
    take_in(database, [finished(user_id=digest), finished(10, user_id=digest, lang="de"), finished(20)])
    selection = Selection(state=None, user_id=user_uuid(digest), labels=True, events=True)
    found = give_out(database, selection)
    assert [one.messages[0].id for one in found] == [name_of(number) for number in (0, 1, 2, 10, 11, 12)]
    assert {one.id for one in found} == {name_of(0), name_of(10)}
    assert found[1].messages[0].parent_id == name_of(0)
    assert found[1].messages[0].user_id == digest
    assert len(give_out(database, dataclasses.replace(selection, lang="de"))) == 3
    assert len(give_out(database, dataclasses.replace(selection, limit=4))) == 4
    assert len(give_out(database, dataclasses.replace(selection, prompts_only=True))) == 2
    assert give_out(database, dataclasses.replace(selection, synthetic=Share.ONLY)) == []


def test_a_digest_that_came_in_is_what_others_refer_to(database: Database, community: Community) -> None:
    """A reply that is written here under an imported message names the parent as its file did."""
    root = message(0, id="ab" * 32, **ACCEPTED)
    take_in(database, [TreeRecord(id=root.id, state=TreeState.GROWING, messages=(root,))])
    reply = community.reply("ben")
    community.review_everything()
    (found,) = give_out(database)
    assert [(one.id, one.parent_id) for one in found.messages] == [(root.id, None), (str(reply), root.id)]
    (loose,) = give_out(database, Selection(state=None, user_id=community.user_id("ben")))
    assert (loose.id, loose.messages[0].parent_id) == (root.id, root.id)
    assert message_uuid(root.id) == community.message(reply).parent_id


def test_nobody_of_that_id_is_an_error(database: Database) -> None:
    with pytest.raises(UserNotFound):
        give_out(database, Selection(state=None, user_id=UUID(int=1)))


async def test_an_export_reads_beside_the_writer_on_either_database(any_database: Database) -> None:
    facts = {
        "created_date": datetime(2023, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
        "user_id": "ab" * 32,
        "emojis": {},
        "labels": {"spam": LabelMean(1 / 3, 3)},
        "events": {"emoji": [{"type": "emoji", "user_id": name_of(98), "emoji": "+1"}]},
        "detoxify": {"toxicity": 1e-5},
        "synthetic": False,
        "lang": "en",
    }
    trees = [finished(10 * number, **facts) for number in range(3)]
    take_in(any_database, trees)
    exporter = Exporter(EVERYTHING)
    found = await any_database.read(lambda tx: list(exporter.records(tx)))
    assert without_lines(found) == without_lines(trees)
    prompts = Selection(state=None, user_id=user_uuid("ab" * 32), limit=5)
    assert len(await any_database.read(lambda tx: list(Exporter(prompts).records(tx)))) == 5


@pytest.mark.sqlite
def test_an_import_notices_that_another_process_writes(database: Database, data_dir: Path) -> None:
    importer = Importer(ImportOptions())
    database.run(lambda tx: importer.add(tx, [finished(0)]))
    database.run(lambda tx: importer.add(tx, [finished(10)]))
    assert not importer.others_write
    other = Database(database.url)
    other.run(lambda tx: tx.connection.exec_driver_sql("UPDATE api_client SET key_hint = 'x'"))
    other.shut()
    database.run(lambda tx: importer.add(tx, [finished(20)]))
    assert importer.others_write
