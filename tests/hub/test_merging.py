"""Making one user of several."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from community import SMALL, Community
from order import Order
from recount import differences

from oa.domain.emoji import Emoji
from oa.domain.people import AccountRole
from oa.errors import ClientNotAuthorized, Conflict, Invalid, PersonProtected, UserNotFound
from oa.hub import chat_messages, chats, keys
from oa.hub.chat_messages import ChatLimits, NewPrompt
from oa.hub.keys import NewToken
from oa.store import accounts, people, refresh_tokens
from oa.store.database import Transaction


def names(community: Community) -> set[str]:
    return {row["username"] for row in community.rows("user")}


def merge(community: Community, order: Order, destination: str, *sources: str) -> None:
    order.merge(community.user_id(destination), *map(community.user_id, sources))


def test_everything_belongs_to_the_destination(community: Community, order: Order) -> None:
    community.set(**SMALL)
    prompt, replies = community.finished()
    community.react("ben", prompt, Emoji.CLAP)
    merge(community, order, "zoe" if "zoe" in names(community) else "cleo", "ben", "rita")
    cleo = community.user_id("cleo")
    assert {"ben", "rita"} & names(community) == set()
    assert community.message(replies[0]).user_id == cleo
    assert cleo in {row["user_id"] for row in community.rows("ballot")}
    assert cleo in {row["user_id"] for row in community.rows("text_labels")}
    assert [row["user_id"] for row in community.rows("message_emoji")] == [cleo]
    assert differences(community.database) == []


def test_of_the_same_reaction_by_both_one_stays(community: Community, order: Order) -> None:
    prompt = community.prompt("ada")
    for name in ("ben", "cleo"):
        community.react(name, prompt, Emoji.CLAP)
    community.react("ben", prompt, Emoji.THUMBS_UP)
    community.react("cleo", prompt, Emoji.THUMBS_DOWN)
    merge(community, order, "ben", "cleo")
    assert community.message(prompt).emojis == {"clap": 1, "+1": 1}
    assert differences(community.database) == []


def test_nobody_keeps_a_vote_on_what_they_wrote_under_another_name(community: Community, order: Order) -> None:
    prompt = community.prompt("ada")
    community.react("ben", prompt, Emoji.THUMBS_UP)
    second = community.prompt("ben")
    community.react("ada", second, Emoji.THUMBS_UP)
    merge(community, order, "ada", "ben")
    assert community.message(prompt).emojis == community.message(second).emojis == {}
    assert differences(community.database) == []


def test_two_ballots_for_one_collective_task_become_one(community: Community, order: Order) -> None:
    community.set(**SMALL)
    _, replies = community.ranking()
    task = community.take("rita", "rank_assistant_replies", collective=True)
    community.rank("rita", task)
    community.rank("rob", task)
    merge(community, order, "rita", "rob")
    assert len(community.rows("ballot")) == 1
    assert community.message(replies[0]).ranking_count == 1
    assert differences(community.database) == []


def test_two_places_on_one_slot_become_one(community: Community, order: Order) -> None:
    community.growing()
    for name in ("ben", "cleo"):
        community.take(name, "assistant_reply")
    merge(community, order, "ben", "cleo")
    assert differences(community.database) == []


def test_the_destination_is_not_given_what_the_source_has_done(community: Community, order: Order) -> None:
    community.prompt("ada")
    community.review("rita", community.take("rita", "label_initial_prompt"))
    assert community.is_offered("rob", "label_initial_prompt")
    community.prompt("rob", lang="de")
    merge(community, order, "rob", "rita")
    assert not community.is_offered("rob", "label_initial_prompt")


def test_a_preview_says_what_would_move_and_changes_nothing(community: Community, order: Order) -> None:
    community.prompt("ada")
    community.prompt("ben")
    ada, ben = community.user_id("ada"), community.user_id("ben")
    before = community.everything()
    tried = order.merge(ada, ben, preview=True)
    assert community.everything() == before
    assert order.merge(ada, ben) == tried
    assert tried.after is not None
    assert tried.after["moved"]["message"] == 1


def test_the_journal_keeps_who_did_what_when_it_happened(community: Community, order: Order) -> None:
    community.prompt("ada")
    community.prompt("ben")
    ada, ben = community.user_id("ada"), community.user_id("ben")
    order.merge(ada, ben)
    assert {row["user_id"] for row in community.events("text_reply_to_message")} == {ada, ben}
    (event,) = community.events("users_merged")
    assert event["event_payload"]["users"] == [str(ada), str(ben)]
    with pytest.raises(Conflict, match="cannot be undone"):
        order.undo_last()


# --- who may be merged -----------------------------------------------------------------------------------------------


def test_nobody_is_merged_into_themselves(community: Community, order: Order) -> None:
    community.prompt("ada")
    ada = community.user_id("ada")
    for sources in ((ada,), (), (ada, ada)):
        with community.refused(Invalid):
            order.merge(ada, *sources)


def test_users_who_do_not_exist_are_not_merged(community: Community, order: Order) -> None:
    community.prompt("ada")
    ada = community.user_id("ada")
    for destination, source in ((ada, uuid4()), (uuid4(), ada)):
        with community.refused(UserNotFound):
            order.merge(destination, source)


def test_admins_are_merged_by_admins_only_and_nobody_merges_themselves(community: Community, order: Order) -> None:
    moderator, admin = order.as_person("mo"), order.as_person("root", AccountRole.ADMIN)
    second = order.as_person("second", AccountRole.ADMIN)
    for one, users in ((moderator, (admin, second)), (order, (second, admin)), (admin, (second, admin))):
        with community.refused(PersonProtected):
            one.merge(users[0].user_id, users[1].user_id)
    admin.merge(second.user_id, moderator.user_id)


def test_volunteers_merge_nobody(community: Community) -> None:
    with community.refused(ClientNotAuthorized):
        Order(community, community.caller).merge(uuid4(), uuid4())


def test_whoever_signs_in_is_merged_into_somebody_who_does(community: Community, order: Order) -> None:
    community.prompt("ada")
    ada, eve, eva = community.user_id("ada"), order.as_person("eve").user_id, order.as_person("eva").user_id
    with community.refused(Conflict):
        order.merge(ada, eve)

    def give_token(user_id: UUID) -> None:
        account = community.database.run(lambda tx: accounts.account_by_id(tx, user_id))
        assert account is not None
        community.database.run(lambda tx: keys.issue_token(tx, account.user, NewToken("test")))

    give_token(eve)
    give_token(eva)
    order.merge(eve, eva)
    assert [row["user_id"] for row in community.rows("token")] == [eve], "the source's tokens open nothing any more"
    order.merge(eve, ada)
    assert [row["user_id"] for row in community.rows("account")] == [eve]


def test_chats_go_along_even_those_that_were_begun_under_the_same_key(community: Community, order: Order) -> None:
    community.prompt("ada")
    community.prompt("ben")
    ids = {name: community.user_id(name) for name in ("ada", "ben")}

    def begin(tx: Transaction) -> None:
        for name, user_id in ids.items():
            person = people.user_by_id(tx, user_id)
            assert person is not None
            chat = chats.create(tx, person, "the first")
            new = NewPrompt(chat_id=chat.id, parent_id=None, content=f"by {name}", request_key="the prompt")
            chat_messages.write_prompt(tx, person, new, ChatLimits())
            refresh_tokens.add(tx, person.id, name, tx.now)

    community.database.run(begin)
    merge(community, order, "ada", "ben")
    ada = ids["ada"]
    assert [row["user_id"] for row in community.rows("chat")] == [ada, ada]
    assert {row["content"] for row in community.rows("chat_message", user_id=ada)} == {"by ada", "by ben"}
    assert [row["token_hash"] for row in community.rows("refresh_token")] == ["ada"]
