from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from community import SMALL, Community
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from recount import differences
from sample_trees import message, name_of, read, shared_file, tree_records, without_lines
from shipping import ACCEPTED, are_distinct, finished, fresh, give_out, in_state, refusals, take_in

from oa.domain.anonymity import Anonymiser
from oa.domain.lifecycle import ACTIVE, TreeState
from oa.domain.people import IMPORT_CLIENT_ID
from oa.domain.records import IMPORT_USER_ID, TreeRecord, message_uuid, user_uuid
from oa.domain.review import LabelMean
from oa.domain.selection import Selection, Share
from oa.domain.tree import Role
from oa.hub import growth
from oa.hub.exchange import ImportCount, Importer, ImportOptions
from oa.store.database import Database

# --- there and back --------------------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(trees=st.lists(tree_records(states=set(TreeState) - ACTIVE), max_size=3))
def test_every_kind_of_tree_that_rests_comes_out_as_it_went_in(
    tmp_path_factory: pytest.TempPathFactory, empty_database_file: Path, trees: list[TreeRecord]
) -> None:
    assume(are_distinct(trees))
    with fresh(empty_database_file, tmp_path_factory.mktemp("example")) as database:
        take_in(database, trees, origin="file")
        found = give_out(database)
    expected = [dataclasses.replace(one, origin=one.origin or "file") for one in trees]
    assert without_lines(found) == without_lines(expected)


@settings(max_examples=30)
@given(record=tree_records(states=ACTIVE))
def test_a_tree_that_is_under_way_goes_on_as_far_as_it_can(
    tmp_path_factory: pytest.TempPathFactory, empty_database_file: Path, record: TreeRecord
) -> None:
    with fresh(empty_database_file, tmp_path_factory.mktemp("example")) as database:
        take_in(database, [record])
        (found,) = give_out(database)
        tree_id = message_uuid(record.id)
        settled = database.run(lambda tx: growth.refresh_tree(tx, tree_id))
    assert found.state is settled.state
    # Ranks follow from ballots: whoever reaches scoring gets those of this hub.
    unranked = [
        dataclasses.replace(
            one, state=None, messages=tuple(dataclasses.replace(message, rank=None) for message in one.messages)
        )
        for one in (found, record)
    ]
    assert without_lines(unranked[:1]) == without_lines(unranked[1:])


@pytest.mark.parametrize("name", ["oasst_en_100_trees.jsonl", "oasst_en_100_messages.jsonl"])
def test_real_trees_come_out_as_they_went_in_and_in_their_order(database: Database, name: str) -> None:
    trees = [one for one in read(shared_file(name)) if isinstance(one, TreeRecord)]
    count = take_in(database, trees)
    assert count == ImportCount(trees=100, messages=1167)
    found = give_out(database, Selection(synthetic=Share.ALSO))
    assert [one.id for one in found] == [one.id for one in trees]
    for one, other in zip(found, trees, strict=True):
        assert one.messages == tuple(dataclasses.replace(original, line=0) for original in other.messages)
    assert differences(database) == []


def test_importing_again_changes_nothing(database: Database, community: Community) -> None:
    trees = [one for one in read(shared_file("oasst_en_100_trees.jsonl")) if isinstance(one, TreeRecord)]
    take_in(database, trees)
    before = community.everything()
    assert take_in(database, trees) == ImportCount(skipped=1167)
    assert community.everything() == before


@given(record=tree_records())
@settings(max_examples=20)
def test_an_anonymised_export_can_be_imported_and_exported_again(
    tmp_path_factory: pytest.TempPathFactory, empty_database_file: Path, record: TreeRecord
) -> None:
    resting = dataclasses.replace(record, state=TreeState.HALTED_BY_MODERATOR)
    with fresh(empty_database_file, tmp_path_factory.mktemp("one")) as database:
        take_in(database, [resting])
        anonymous = give_out(database, seed="0")
    with fresh(empty_database_file, tmp_path_factory.mktemp("other")) as database:
        take_in(database, anonymous)
        again = give_out(database)
    assert again == anonymous
    assert again[0].id == Anonymiser("0").tree(record).id


# --- what is kept, and where -----------------------------------------------------------------------------------------


def test_depths_children_and_sizes_are_what_they_would_be_here(database: Database, community: Community) -> None:
    community.set(goal_tree_size=7, max_tree_depth=4, max_children_count=5)
    deleted = message(3, 0, deleted=True)
    below = message(4, 1)
    take_in(database, [in_state(TreeState.READY_FOR_EXPORT, message(1, 0), message(2, 0), deleted, below)])
    found = {row["frontend_message_id"]: (row["depth"], row["children_count"]) for row in community.rows("message")}
    assert found == {name_of(0): (0, 2), name_of(1): (1, 1), name_of(2): (1, 0), name_of(3): (1, 0), name_of(4): (2, 0)}
    planted = community.tree(UUID(name_of(0)))
    assert (planted.goal_tree_size, planted.max_depth, planted.max_children_count) == (7, 4, 5)
    assert planted.won_prompt_lottery_date is not None


def test_people_are_users_of_the_program_that_imports(database: Database, community: Community) -> None:
    digest = "ab" * 32
    take_in(database, [in_state(None, message(1, 0, user_id=name_of(9)), message(2, 0, user_id=digest))])
    users = {row["id"]: (row["username"], row["auth_method"]) for row in community.rows("user")}
    assert users == {
        IMPORT_USER_ID: ("import", "system"),
        UUID(name_of(9)): (name_of(9), "system"),
        user_uuid(digest): (digest, "system"),
    }
    assert {row["api_client_id"] for row in community.rows("user")} == {IMPORT_CLIENT_ID}


def test_somebody_who_is_here_already_stays_who_they_are(database: Database, community: Community) -> None:
    community.prompt("ada")
    (before,) = community.rows("user")
    take_in(database, [in_state(None, user_id=str(before["id"]))])
    assert community.rows("user") == [before]


def test_origin_language_and_model_are_filled_in_where_the_file_says_nothing(
    database: Database, community: Community
) -> None:
    silent = in_state(None, message(1, 0), message(2, 0, synthetic=False))
    speaking = TreeRecord(
        id=name_of(10), origin="a book", messages=(message(10, lang="de", synthetic=True, model_name="m"),)
    )
    take_in(database, [silent, speaking], origin="file.jsonl", lang="fr", model_name="chip20b")
    assert {row["origin"] for row in community.rows("message_tree")} == {"file.jsonl", "a book"}
    found = {
        row["id"].int % 100: (row["lang"], row["synthetic"], row["model_name"]) for row in community.rows("message")
    }
    assert found == {
        name: facts
        for name, facts in zip(
            [UUID(name_of(number)).int % 100 for number in (0, 1, 2, 10)],
            [("fr", False, None), ("fr", True, "chip20b"), ("fr", False, None), ("de", True, "m")],
            strict=True,
        )
    }


@pytest.mark.parametrize(
    ("record", "options", "state"),
    [
        (in_state(None, **ACCEPTED), {}, TreeState.PROMPT_LOTTERY_WAITING),
        (in_state(None, review_count=1), {}, TreeState.INITIAL_PROMPT_REVIEW),
        (in_state(None, message(1, 0)), {}, TreeState.BACKLOG_RANKING),
        (in_state(None, message(1, 0, rank=0)), {}, TreeState.READY_FOR_EXPORT),
        (in_state(TreeState.SCORING_FAILED), {}, TreeState.SCORING_FAILED),
        (in_state(TreeState.GROWING), {"state": TreeState.HALTED_BY_MODERATOR}, TreeState.HALTED_BY_MODERATOR),
    ],
)
def test_a_tree_stands_where_it_is_said_to_stand(
    database: Database, community: Community, record: TreeRecord, options: dict[str, Any], state: TreeState
) -> None:
    take_in(database, [record], **options)
    assert community.state(UUID(name_of(0))) is state
    waits = [row["message_id"] for row in community.rows("waiting_prompt")]
    assert waits == ([UUID(name_of(0))] if state is TreeState.PROMPT_LOTTERY_WAITING else [])


def test_where_nothing_tells_of_reviews_messages_count_as_accepted(database: Database) -> None:
    take_in(database, [in_state(None, message(1, 0))])
    assert [one.review_result for one in give_out(database)[0].messages] == [True, True]


# --- what is refused -------------------------------------------------------------------------------------------------


def test_of_a_tree_that_does_not_fit_nothing_is_taken_and_the_others_are(
    database: Database, community: Community
) -> None:
    take_in(database, [finished()])
    orphan = TreeRecord(id=name_of(70), messages=(message(71, 70, line=4), message(72, 71, role=Role.ASSISTANT)))
    stolen = in_state(None, dataclasses.replace(message(1, 80, role=Role.ASSISTANT), line=7), id=name_of(80))
    echo = TreeRecord(id=name_of(0), messages=(message(90, 1, role=Role.ASSISTANT, line=9),))
    fine = finished(100)

    faults = refusals(database, orphan, stolen, echo, fine)

    assert [(fault.line, fault.reason) for fault in faults] == [
        (4, f"message {name_of(71)} answers {name_of(70)}, which is neither in the file nor here"),
        (7, f"message {name_of(1)} belongs to another tree here"),
        (9, f"message {name_of(90)} has the role of the message that it answers"),
    ]
    assert {row["frontend_message_id"] for row in community.rows("message")} == {
        *(name_of(number) for number in (0, 1, 2, 100, 101, 102))
    }
    assert differences(database) == []


def test_nothing_may_stand_too_deep_below_what_is_here(database: Database) -> None:
    thread = [message(0)]
    for number in range(1, 201):
        thread.append(message(number, number - 1, role=thread[-1].role.other))
    take_in(database, [TreeRecord(id=name_of(0), state=TreeState.HALTED_BY_MODERATOR, messages=tuple(thread))])
    deeper = TreeRecord(id=name_of(0), messages=(message(201, 200, role=Role.ASSISTANT),))
    (fault,) = refusals(database, deeper)
    assert "more than 200 messages below" in fault.reason


def test_a_rehearsal_finds_the_faults_and_changes_nothing(database: Database, community: Community) -> None:
    before = community.everything()
    importer = Importer(ImportOptions(rehearse=True))
    orphan = TreeRecord(id=name_of(70), messages=(message(71, 70),))
    assert len(database.run(lambda tx: importer.add(tx, [finished(), orphan]))) == 1
    later = TreeRecord(id=name_of(1), messages=(message(3, 1),))
    assert database.run(lambda tx: importer.add(tx, [later, finished()])) == []
    assert importer.total == ImportCount(trees=1, messages=4, skipped=3)
    assert community.everything() == before


def test_an_import_may_be_limited_to_some_trees(database: Database) -> None:
    importer = Importer(ImportOptions(most_trees=2))
    assert database.run(lambda tx: importer.add(tx, [finished(0), finished(10), finished(20)])) == []
    assert importer.is_full
    assert importer.total == ImportCount(trees=2, messages=6)


# --- work goes on ----------------------------------------------------------------------------------------------------


def test_replies_may_arrive_for_trees_that_are_here(database: Database, community: Community) -> None:
    community.set(**SMALL)
    prompt = community.growing("ada")
    reply = message(1, lang=None, **ACCEPTED)
    reply = dataclasses.replace(reply, parent_id=str(prompt), role=Role.ASSISTANT)
    second = message(2, 1, deleted=True, role=Role.PROMPTER)
    count = take_in(database, [TreeRecord(id=str(prompt), messages=(reply, second))])
    assert count == ImportCount(messages=2)
    found = community.message(UUID(name_of(1)))
    assert (found.tree_id, found.depth, found.lang, found.children_count) == (prompt, 1, "en", 0)
    assert community.message(prompt).children_count == 1
    assert community.available("ben")["assistant_reply"] == 1
    assert differences(database) == []


def test_an_imported_tree_that_grows_asks_for_work_at_once(database: Database, community: Community) -> None:
    undecided = message(1, 0, review_count=1, labels={"spam": LabelMean(0.0, 1)})
    take_in(database, [in_state(TreeState.GROWING, undecided, **ACCEPTED)])
    assert community.available("ben") == {"initial_prompt": 109, "label_assistant_reply": 1, "assistant_reply": 1}
    community.review("ben", community.take("ben", "label_assistant_reply"))
    community.review("cleo", community.take("cleo", "label_assistant_reply"))
    assert community.message(UUID(name_of(1))).review_result is True


def test_a_finished_tree_grows_on_when_a_moderator_resumes_it(database: Database, community: Community) -> None:
    take_in(database, [finished()])
    assert community.resume(UUID(name_of(0))).state is TreeState.GROWING
    community.reply("ben")
    community.review_everything()
    assert community.message(UUID(name_of(0))).children_count + community.message(UUID(name_of(1))).children_count >= 2
    assert differences(database) == []


def test_real_trees_take_work_when_they_are_resumed(database: Database, community: Community) -> None:
    community.set(goal_tree_size=40)
    trees = [one for one in read(shared_file("oasst_en_100_trees.jsonl")) if isinstance(one, TreeRecord)]
    take_in(database, trees)
    for record in trees[:12]:
        community.resume(UUID(record.id))
    assert {community.state(UUID(record.id)) for record in trees[:12]} <= {TreeState.GROWING, TreeState.RANKING}
    community.reply("ben")
    community.review_everything("rita")
    assert differences(database) == []


def test_the_first_trees_of_the_backlog_may_go_to_ranking(database: Database, community: Community) -> None:
    def of_two(first: int) -> TreeRecord:
        replies = [message(first + number, first, role=Role.ASSISTANT) for number in (1, 2)]
        return TreeRecord(id=name_of(first), messages=(message(first, role=Role.PROMPTER), *replies))

    lonely = TreeRecord(id=name_of(50), messages=(message(50), message(51, 50, role=Role.ASSISTANT)))
    count = take_in(database, [lonely, of_two(0), of_two(10), of_two(20)], activate=2)
    assert count.activated == 2
    states = [community.state(UUID(name_of(number))) for number in (50, 0, 10, 20)]
    waiting, ranking = TreeState.BACKLOG_RANKING, TreeState.RANKING
    assert states == [waiting, ranking, ranking, waiting]
    community.rank_everything()
    assert community.state(UUID(name_of(0))) is TreeState.READY_FOR_EXPORT
    assert {community.message(UUID(name_of(number))).rank for number in (1, 2)} == {0, 1}
