"""Whoever leaves is gone: from the use cases, and from every byte of the database file."""

from __future__ import annotations

import json
import random
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from community import SMALL, Community, who
from order import Order
from recount import differences

from oa.domain.campaign import LeftMessages
from oa.domain.moderation import Act
from oa.domain.people import AccountRole, Caller, left_name
from oa.domain.tasks import REVIEWS
from oa.errors import ClientNotAuthorized, Conflict, Invalid, PersonProtected, UserNotFound, UserNotSpecified
from oa.hub import accounts, editing, frontend_users, keys, leaving, oneself, user_lists
from oa.hub.accounts import NewAccount
from oa.hub.frontend_users import UserChanges
from oa.hub.keys import NewToken
from oa.hub.leaving import Departure
from oa.hub.moderators import KEEPER, Moderator
from oa.hub.oneself import ExportPart
from oa.hub.user_lists import Author
from oa.store import tables

NAME, DISPLAY_NAME, FORMER_NAME = "zyxwvanna", "Zyxwv Anna Müßiggang", "Zyxwv Unverzagt"
TEXT = "qwertzuiop is a text that only one person on earth has ever written"


def bytes_of(directory: Path) -> bytes:
    """The database file with its companions."""
    return b"".join(path.read_bytes() for path in sorted(directory.glob("oa.db*")))


def traces(directory: Path, *words: str) -> set[str]:
    """Which of these are found in the file, in any spelling that JSON or SQLite may have given them."""
    raw = bytes_of(directory).lower()
    forms = {word: {word.lower().encode(), json.dumps(word.lower())[1:-1].encode()} for word in words}
    return {word for word, written in forms.items() if any(form in raw for form in written)}


def indexed_words(directory: Path) -> set[str]:
    """What the full-text index holds, which writes only the end of a word that begins like the one before."""
    with closing(sqlite3.connect(directory / "oa.db")) as connection:
        connection.execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, message_search, row)")
        return {word for (word,) in connection.execute("SELECT term FROM temp.words")}


def leave(community: Community, name: str) -> Departure:
    def run(tx: Any) -> Departure:
        return leaving.leave(tx, community.moderator, who(name), name)

    gone = community.database.run(run)
    assert community.database.empty_log_now()
    return gone


@pytest.fixture
def anna(community: Community) -> UUID:
    """Somebody who has done everything that one can do here, as a user of a trusted program."""
    community.caller = community.moderator
    community.set(**SMALL)
    identity = frontend_users.Identity("local", NAME, DISPLAY_NAME)
    former = frontend_users.Identity("local", NAME, FORMER_NAME)
    changes = UserChanges(notes=f"{DISPLAY_NAME} is kind")
    prompt = community.write(NAME, community.take(NAME, "initial_prompt"), TEXT)
    community.review_everything()
    community.reply("ben")
    community.remark(NAME, prompt, text=f"{TEXT}, says {NAME}", quality=0.5)
    skipped = community.take(NAME, *REVIEWS)
    community.skip(NAME, skipped, f"{NAME} is tired")
    community.database.run(lambda tx: frontend_users.make_known(tx, community.caller, former, changes))
    community.database.run(lambda tx: frontend_users.make_known(tx, community.caller, identity, changes))
    moderator = Moderator(community.moderator, why=f"{DISPLAY_NAME} asked me, who was {FORMER_NAME}")
    community.database.run(lambda tx: editing.edit(tx, moderator, prompt, f"{TEXT}, edited"))
    return community.user_id(NAME)


# --- what is left ----------------------------------------------------------------------------------------------------


@pytest.mark.sqlite
def test_no_byte_of_the_file_knows_the_name_of_somebody_who_left(
    community: Community, anna: UUID, data_dir: Path
) -> None:
    assert traces(data_dir, NAME, DISPLAY_NAME, FORMER_NAME, TEXT) == {NAME, DISPLAY_NAME, FORMER_NAME, TEXT}
    gone = leave(community, NAME)
    assert (gone.left, gone.messages) == (LeftMessages.KEEP, 1)
    assert traces(data_dir, NAME, DISPLAY_NAME, FORMER_NAME, "unverzagt", "tired") == set()
    (prompt,) = community.rows("message", user_id=anna)
    assert (prompt["text"], prompt["deleted"]) == (f"{TEXT}, edited", False)
    assert differences(community.database) == []


@pytest.mark.sqlite
def test_no_byte_of_the_file_knows_the_texts_of_somebody_who_left_with_them(
    community: Community, anna: UUID, data_dir: Path
) -> None:
    community.set(deleted_account_messages="remove")
    assert leave(community, NAME).left is LeftMessages.REMOVE
    assert traces(data_dir, NAME, DISPLAY_NAME, FORMER_NAME, TEXT, "qwertzuiop", "müßiggang") == set()
    assert "number" in indexed_words(data_dir)
    assert indexed_words(data_dir).isdisjoint({"qwertzuiop", "person", "earth"})
    assert all(row["deleted"] for row in community.rows("message"))
    assert community.rows("message_revision") == []
    assert differences(community.database) == []


@pytest.mark.sqlite
def test_the_names_of_accounts_that_were_merged_leave_as_well(community: Community, anna: UUID, data_dir: Path) -> None:
    community.prompt("zyxwvbert")
    order = Order(community, why="zyxwvbert is the same person")
    order.merge(anna, community.user_id("zyxwvbert"))
    assert traces(data_dir, "zyxwvbert") == {"zyxwvbert"}
    leave(community, NAME)
    assert traces(data_dir, NAME, "zyxwvbert") == set()


@pytest.mark.sqlite
@pytest.mark.parametrize("seed", range(3))
def test_names_and_texts_leave_a_file_that_has_grown_and_shrunk(
    community: Community, data_dir: Path, seed: int
) -> None:
    """Pages split, merge and are freed meanwhile: whatever moved has left no copy behind."""
    rng = random.Random(seed)
    names = [f"n{rng.getrandbits(64):016x}" for _ in range(150)]
    database = community.database
    people_by_name: dict[str, UUID] = {}
    for name in names:
        account = database.run(lambda tx, n=name: accounts.create_account(tx, NewAccount(n)))
        database.run(lambda tx, a=account, n=name: keys.issue_token(tx, a.user, NewToken(f"laptop of {n}")))
        people_by_name[name] = account.user.id
    gone = rng.sample(names, 75)
    for name in gone:
        user_id = people_by_name[name]
        database.run(lambda tx, u=user_id: leaving.remove_user(tx, Moderator(KEEPER), u, LeftMessages.REMOVE))
    assert database.empty_log_now()
    assert traces(data_dir, *gone) == set()
    assert traces(data_dir, *names) == set(names) - set(gone)


def test_a_fresh_account_may_have_the_name(community: Community) -> None:
    ada = community.new_person("ada")
    assert ada.person is not None
    community.database.run(lambda tx: keys.issue_token(tx, ada.person, NewToken("x")))  # type: ignore[arg-type]
    community.database.run(lambda tx: leaving.leave(tx, ada, None, "ADA"))
    assert community.rows("account") == community.rows("token") == []
    again = community.new_person("ada")
    assert again.person is not None
    assert again.person.id != ada.person.id


def test_who_left_is_shown_as_a_deleted_user_and_never_found_by_name(community: Community, anna: UUID) -> None:
    leave(community, NAME)
    user = community.database.run(lambda tx: frontend_users.by_id(tx, community.moderator, anna, None))
    assert (user.display_name, user.username, user.deleted) == ("Deleted User", left_name(anna), True)
    assert (user.notes, user.show_on_leaderboard, user.tos_acceptance_date) == ("", False, None)
    with community.refused(UserNotFound):
        leave(community, NAME)
    with community.refused(UserNotFound):
        community.database.run(lambda tx: leaving.remove_user(tx, Moderator(KEEPER), anna))
    with community.refused(UserNotFound):
        community.database.run(lambda tx: frontend_users.change(tx, Moderator(KEEPER), anna, UserChanges(notes="x")))


def test_tasks_of_somebody_who_left_keep_no_place_from_others(community: Community) -> None:
    community.caller = community.moderator
    community.prompt("ada")
    for name in ("ben", "cleo", "dora"):
        community.take(name, *REVIEWS)
    assert not community.is_offered("eve", *REVIEWS)
    leave(community, "ben")
    assert community.is_offered("eve", *REVIEWS)


def test_leaving_is_in_the_journal_without_a_name(community: Community, anna: UUID) -> None:
    leave(community, NAME)
    (event,) = community.events("user_left")
    assert event["event_payload"] == {"user": str(anna), "messages": "keep"}
    (edited,) = community.events(Act.EDIT.value)
    assert edited["event_payload"]["why"] == "Deleted User asked me, who was Deleted User"


# --- who may ---------------------------------------------------------------------------------------------------------


def test_whoever_leaves_must_type_their_own_name(community: Community, anna: UUID) -> None:
    for typed in ("", "ben", DISPLAY_NAME):
        with community.refused(Invalid):
            community.database.run(lambda tx, t=typed: leaving.leave(tx, community.moderator, who(NAME), t))
    with community.refused(UserNotSpecified):
        community.database.run(lambda tx: leaving.leave(tx, community.moderator, None, NAME))


def test_the_only_admin_cannot_leave(community: Community) -> None:
    root = community.new_person("root", AccountRole.ADMIN)
    assert root.person is not None
    root_id = root.person.id
    with community.refused(Conflict):
        community.database.run(lambda tx: leaving.leave(tx, root, None, "root"))
    with community.refused(Conflict):
        community.database.run(lambda tx: leaving.remove_user(tx, Moderator(KEEPER), root_id))
    community.new_person("second", AccountRole.ADMIN)
    community.database.run(lambda tx: leaving.leave(tx, root, None, "root"))


def test_a_token_that_reaches_less_far_cannot_delete_the_account(community: Community) -> None:
    ada = community.new_person("ada")
    limited = Caller(ada.client, ada.person, ada.role, is_limited=True)
    with community.refused(ClientNotAuthorized):
        community.database.run(lambda tx: leaving.leave(tx, limited, None, "ada"))


def test_nobody_without_trust_deletes_others_and_no_moderator_an_admin_or_themselves(community: Community) -> None:
    root, mod = community.new_person("root", AccountRole.ADMIN), community.new_person("mod", AccountRole.MODERATOR)
    ada = community.new_person("ada")
    assert root.person is not None
    assert mod.person is not None
    root_id, mod_id = root.person.id, mod.person.id
    for caller in (ada, community.caller):
        with community.refused(ClientNotAuthorized):
            community.database.run(lambda tx, c=caller: leaving.remove_user(tx, Moderator(c), mod_id))
    for user_id in (root_id, mod_id):
        with community.refused(PersonProtected):
            community.database.run(lambda tx, u=user_id: leaving.remove_user(tx, Moderator(mod), u))


# --- everything about oneself ----------------------------------------------------------------------------------------


def test_every_table_that_names_people_is_exported_or_says_why_not() -> None:
    from oa.store.oneself import NOT_EXPORTED, SECTIONS

    exported = {(section.table.name, section.owner) for section in SECTIONS.values()}
    known = {name.partition(".")[0] for name in NOT_EXPORTED} | {table for table, _ in exported}
    naming = {
        table.name
        for table in tables.metadata.sorted_tables
        if any(key.column.table is tables.users for key in table.foreign_keys)
    }
    assert naming - known == set()


def test_an_export_has_every_row_about_somebody_and_no_secret(
    community: Community, anna: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oneself, "ROWS_AT_ONCE", 2)  # so that sections come in parts
    for _ in range(3):
        community.prompt(NAME)
    found: dict[str, list[Any]] = {}
    for section in oneself.SECTIONS:
        part: ExportPart | None = ExportPart(section)
        found[section] = []
        while part is not None:
            rows, part = community.database.run(lambda tx, at=part: oneself.export_part(tx, anna, at))
            found[section] += rows
    assert list(found) == list(oneself.SECTIONS)
    assert found["user"][0]["username"] == NAME
    assert len(found["messages"]) == len({row["id"] for row in found["messages"]}) == 4
    assert {row["text"] for row in found["message_history"]} == {TEXT, f"{TEXT}, edited"}
    assert len(found["labels"]) == 1
    assert len(found["tasks"]) == len(community.rows("task", user_id=anna)) == 5
    assert [row["emoji"] for row in found["emojis"]] == ["_skip_labeling"]
    assert [row["name"] for row in found["badges"]] == ["first_prompt"]
    assert any(row["event_payload"].get("why") for row in found["journal_about"])
    shown = repr(found)
    assert not any(secret in shown for secret in ("password_hash", "token_hash"))
    assert str(community.user_id("ben")) not in repr({name: found[name] for name in ("labels", "messages", "ballots")})


# --- lists -----------------------------------------------------------------------------------------------------------


def test_the_messages_of_somebody_are_hidden_with_the_replies_one_act_for_each_tree(
    community: Community, anna: UUID
) -> None:
    community.prompt(NAME)
    hidden = community.database.run(
        lambda tx: user_lists.delete_messages(tx, Moderator(community.moderator), Author(anna))
    )
    assert hidden == 3
    assert all(row["deleted"] for row in community.rows("message"))
    again = community.database.run(
        lambda tx: user_lists.delete_messages(tx, Moderator(community.moderator), Author(anna))
    )
    assert again == 0
    assert differences(community.database) == []
