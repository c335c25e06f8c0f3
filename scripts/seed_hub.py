"""Fill a hub's database with months of a made-up community.

    scripts/seed --data-dir DIR [--messages 161443] [--seed 1]

People, trees in every state, reviews, ballots and ranks, in the proportions of the OASST1 data set. What was there
stays; no program and no account is added, so make a key with `oa keys add` to work on.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from oa.demo.seed import Past, PastTree, Review, Vote
from oa.domain.labels import DEFAULT_MANDATORY_LABELS
from oa.domain.people import HUB_CLIENT_ID
from oa.hub import growth, standing
from oa.store import exchange
from oa.store.answers import CastBallot, LabelSet
from oa.store.database import Database, Transaction
from oa.store.exchange import Arrival, Shipment
from oa.store.opening import open_database
from oa.store.tasks import Task

BATCH = 2000
"""Messages that are made and added together."""

CACHE_MIB = 512
"""Memory for pages of an SQLite file, so that few of them are written twice."""

OASST1_MESSAGES = 161_443

TASK_VALIDITY = timedelta(days=2)


def seed_database(database: Database, past: Past, tell: Callable[[int], None]) -> int:
    """Add a community's past in one transaction, for nobody else waits for the database; how many messages it has."""

    def add(tx: Transaction) -> int:
        exchange.expect_much(tx, cache_mib=CACHE_MIB)
        exchange.add(tx, Shipment(users=past.people))
        made = 0
        for trees in _batches(past.trees()):
            shipment = _shipment(trees)
            exchange.add(tx, shipment)
            made += len(shipment.arrivals)
            tell(made)
        standing.recount(tx)
        growth.rebuild_open_work(tx)
        return made

    return database.run(add)


def _batches(trees: Iterable[PastTree]) -> Iterator[list[PastTree]]:
    batch: list[PastTree] = []
    size = 0
    for tree in trees:
        batch.append(tree)
        size += len(tree.messages)
        if size >= BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _shipment(trees: list[PastTree]) -> Shipment:
    reviews = [review for past in trees for review in past.reviews]
    votes = [vote for past in trees for vote in past.votes]
    return Shipment(
        arrivals=[Arrival(message) for past in trees for message in past.messages],
        trees=[past.tree for past in trees],
        tasks=[_task(one) for one in (*reviews, *votes)],
        reviews=[_labels(review) for review in reviews],
        ballots=[_ballot(vote) for vote in votes],
    )


def _task(done: Review | Vote) -> Task:
    is_review = isinstance(done, Review)
    return Task(
        id=done.task_id,
        created_date=done.date,
        expiry_date=done.date + TASK_VALIDITY,
        user_id=done.user_id,
        kind=done.kind,
        api_client_id=HUB_CLIENT_ID,
        lang=done.lang,
        ack=True,
        done=True,
        frontend_message_id=str(done.task_id),
        message_tree_id=done.tree_id,
        parent_message_id=done.message_id if is_review else done.parent_id,
        replies=() if is_review else done.shown,
        valid_labels=done.valid_labels if is_review else (),
        mandatory_labels=DEFAULT_MANDATORY_LABELS if is_review else (),
    )


def _labels(review: Review) -> LabelSet:
    return LabelSet(
        id=review.task_id,
        user_id=review.user_id,
        created_date=review.date,
        api_client_id=HUB_CLIENT_ID,
        text="",
        message_id=review.message_id,
        labels=review.labels,
        task_id=review.task_id,
    )


def _ballot(vote: Vote) -> CastBallot:
    return CastBallot(
        task_id=vote.task_id,
        user_id=vote.user_id,
        created_date=vote.date,
        api_client_id=HUB_CLIENT_ID,
        parent_id=vote.parent_id,
        message_tree_id=vote.tree_id,
        ranking=vote.best_first,
        not_rankable=False,
        first_user_id=vote.first_user_id,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, required=True, help="the data directory; made where there is none")
    parser.add_argument("--messages", type=int, default=OASST1_MESSAGES, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="another number makes another past (default: %(default)s)")
    arguments = parser.parse_args()
    past = Past(arguments.messages, seed=arguments.seed, until=datetime.now(UTC), client_id=HUB_CLIENT_ID)
    started = time.monotonic()
    database = open_database(arguments.data_dir)
    try:
        made = seed_database(database, past, _tell)
    finally:
        database.shut()
    sys.stderr.write(f"{made:,} messages in {time.monotonic() - started:.1f} s\n")


def _tell(made: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{made:,} messages\r")


if __name__ == "__main__":
    main()
