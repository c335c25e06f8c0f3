from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_trees import message, name_of, texts, tree, tree_records

from oa.domain.anonymity import Anonymiser
from oa.domain.records import TreeRecord, canonical_id, fault_of
from oa.errors import InvalidSetting

USER = "bd8fde8b-1d8e-4e9a-9966-e96d000f8363"


def digest(collection: str, name: str, seed: str) -> str:
    return sha256(f"{collection}:{name}{seed}".encode()).hexdigest()


def test_every_id_becomes_the_digest_of_its_collection_itself_and_the_seed() -> None:
    anonymous = Anonymiser("0").tree(tree(message(1, 0, user_id=USER), user_id=USER))
    prompt, reply = anonymous.messages
    assert anonymous.id == prompt.id == reply.parent_id == digest("message", name_of(0), "0")
    assert reply.id == digest("message", name_of(1), "0")
    assert prompt.user_id == reply.user_id == digest("user", USER, "0")


def test_ids_within_events_go_with_those_outside() -> None:
    event = {
        "type": "ranking",
        "user_id": USER,
        "ranking": [1, 0],
        "ranked_message_ids": [name_of(2), name_of(1)],
        "ranking_parent_id": name_of(0),
        "message_tree_id": name_of(0),
    }
    anonymous = Anonymiser("seed").tree(tree(message(1, 0), message(2, 0), events={"ranking": [event]}))
    first, second, third = (one.id for one in anonymous.messages)
    assert anonymous.messages[0].events == {
        "ranking": [
            {
                "type": "ranking",
                "user_id": digest("user", USER, "seed"),
                "ranking": [1, 0],
                "ranked_message_ids": [third, second],
                "ranking_parent_id": first,
                "message_tree_id": first,
            }
        ]
    }


@given(record=tree_records(), seed=texts.filter(bool))
def test_nothing_that_looks_like_an_id_stays_and_the_tree_still_fits_together(record: TreeRecord, seed: str) -> None:
    anonymous = Anonymiser(seed).tree(record)
    before = {one.id for one in record.messages} | {one.user_id for one in record.messages}
    after = {one.id for one in anonymous.messages} | {one.user_id for one in anonymous.messages}
    assert before & after <= {None}
    assert all(canonical_id(one) for one in after if one is not None)
    assert fault_of(anonymous) is None
    assert [one.text for one in anonymous.messages] == [one.text for one in record.messages]


@given(record=tree_records(), seeds=st.lists(texts.filter(bool), min_size=2, max_size=2, unique=True))
def test_the_same_seed_gives_the_same_names_and_another_gives_others(record: TreeRecord, seeds: list[str]) -> None:
    one, other = (Anonymiser(seed).tree(record) for seed in seeds)
    assert one == Anonymiser(seeds[0]).tree(record)
    assert one.id != other.id


def test_where_a_tree_came_from_is_not_told() -> None:
    record = TreeRecord(id=name_of(0), origin="ada's laptop", messages=(message(0),))
    assert Anonymiser("x").tree(record).origin is None


def test_an_empty_seed_is_refused() -> None:
    with pytest.raises(InvalidSetting, match="the seed of the anonymiser is empty"):
        Anonymiser("")
