"""What people have earned, kept up to date by whatever changes it, in the same transaction.

Who adds an answer says so (`wrote`, `reviewed`, `ranked`, `reacted`). Whoever changes facts in any other way (deletes,
restores, edits, ranks, takes back) does it inside `following`, which counts the trees before and after. Both come to
what `recount` finds.

A frame is a sum too. When its base date moves on, what has fallen out of it is taken away: at the end of the next
change, or for a reader who comes before that (`FramesMoved`). Every change counts in the frames as they are kept, so
that it makes no difference which comes first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from oa.domain import standing as rules
from oa.domain.labels import ReviewMode
from oa.domain.standing import WIDEST_FIRST, Authored, hour_of
from oa.domain.tree import Message
from oa.store import people, standing_facts
from oa.store import standing as sums
from oa.store.database import Transaction
from oa.store.standing_facts import Bases, Everything, OfTime, OfTrees, Part

_KEPT, _FOLLOWED = "frames of standing", "trees whose standing is followed"


class FramesMoved(Exception):
    """The time frames have moved on since anything was written; `roll` in a write transaction, then read again."""


# --- sums of facts ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Sum:
    """What some facts come to."""

    scores: dict[tuple[UUID, int], dict[str, int]] = field(default_factory=dict[tuple[UUID, int], dict[str, int]])
    """By person and breadth of the narrowest frame that holds the fact."""
    samples: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])

    def add(self, user_id: UUID | None, breadth: int, counted: Mapping[str, int]) -> None:
        if user_id is None:
            return
        sums = self.scores.get((user_id, breadth))
        if sums is None:
            sums = self.scores[user_id, breadth] = {}
        for name, more in counted.items():
            sums[name] = sums.get(name, 0) + more

    def less(self, other: _Sum) -> _Sum:
        difference = _Sum({key: dict(counted) for key, counted in self.scores.items()}, Counter(self.samples))
        difference.samples.subtract(other.samples)
        for (user_id, breadth), counted in other.scores.items():
            difference.add(user_id, breadth, {name: -less for name, less in counted.items()})
        return difference


def _sum(tx: Transaction, part: Part, bases: Bases) -> _Sum:
    found = _ranked_sum(tx, part, bases)
    for author_id, breadth, labels in standing_facts.votes(tx, part, bases):
        found.add(author_id, breadth, rules.labelled(labels))
    for user_id, breadth, mode, count in standing_facts.reviews(tx, part, bases):
        found.add(user_id, breadth, {f"labels_{mode}": count})
    return found


def _ranked_sum(tx: Transaction, part: Part, bases: Bases) -> _Sum:
    """What messages and ballots come to: the part of the sum that ranks decide on."""
    found = _Sum()
    for one in standing_facts.written(tx, part, bases):
        message = one.message
        if message.is_prompt and one.is_in_aborted_tree:  # it stays on record, deleted or not
            found.add(one.user_id, one.breadth, {"spam_prompts": 1})
        if not one.deleted:
            found.add(one.user_id, one.breadth, rules.authored(message))
            if not one.synthetic:
                found.samples.update((sample.value, one.lang) for sample in rules.samples(message))
    for ballot in standing_facts.cast(tx, part, bases):
        counted = rules.ranked(ballot.order, ballot.ranks, not_rankable=ballot.not_rankable)
        found.add(ballot.user_id, ballot.breadth, counted)
    return found


def _apply(tx: Transaction, difference: _Sum) -> None:
    for (user_id, breadth), counted in difference.scores.items():
        _move(tx, user_id, counted, narrowest=breadth)
    for (kind, lang), more in difference.samples.items():
        if more:
            sums.collect(tx, kind, lang, more)


def _move(tx: Transaction, user_id: UUID, counted: Mapping[str, int], *, widest: int = 0, narrowest: int) -> None:
    if more := {name: value for name, value in counted.items() if value}:
        sums.add(tx, user_id, more, widest=widest, narrowest=narrowest)


# --- time ------------------------------------------------------------------------------------------------------------


def _wanted_bases(now: datetime) -> dict[int, datetime]:
    return {frame.breadth: base for frame in WIDEST_FIRST if (base := frame.base_date(now)) is not None}


@dataclass(frozen=True, slots=True)
class _Kept:
    """Where the frames begin as they are kept, and the hour in which that is right."""

    bases: Bases
    hour: datetime | None


def _kept(tx: Transaction) -> _Kept:
    """Without frames, everything counts in the widest alone."""
    kept: _Kept | None = tx.cache.get(_KEPT)
    if kept is None:
        tx.cache[_KEPT] = kept = _Kept(sums.bases(tx), None)
    return kept


def roll(tx: Transaction) -> None:
    """Bring every frame to where it begins now, unless somebody is in the middle of a change."""
    kept, hour = _kept(tx), hour_of(tx.now)
    if kept.hour == hour or tx.cache.get(_FOLLOWED):
        return
    wanted = _wanted_bases(tx.now)
    if kept.bases != wanted:
        for breadth in wanted:
            _roll_frame(tx, breadth, kept.bases.get(breadth), wanted[breadth])
        sums.set_bases(tx, wanted)
    tx.cache[_KEPT] = _Kept(wanted, hour)


def _roll_frame(tx: Transaction, breadth: int, kept: datetime | None, wanted: datetime) -> None:
    """Move the base date of one frame. After a long pause, or a first time, the frame is summed anew."""
    if kept is None or wanted - kept > tx.now - wanted:
        sums.forget_frame(tx, breadth)
        entering, leaving = _sum(tx, OfTime(wanted), {}), _Sum()
    elif wanted > kept:
        entering, leaving = _Sum(), _sum(tx, OfTime(kept, wanted), {})
    else:  # the clock was put back
        entering, leaving = _sum(tx, OfTime(wanted, kept), {}), _Sum()
    for (user_id, _), counted in entering.less(leaving).scores.items():
        _move(tx, user_id, counted, widest=breadth, narrowest=breadth)


def check_current(tx: Transaction) -> None:
    """
    Raises:
        FramesMoved: the frames are those of an earlier hour.
    """
    if sums.bases(tx) != _wanted_bases(tx.now):
        raise FramesMoved


def tidy(tx: Transaction) -> None:
    """What happens by time alone: frames move on, and streaks end."""
    roll(tx)
    people.end_streaks(tx, before=rules.streaks_end_before(tx.now))


# --- what happens ----------------------------------------------------------------------------------------------------


@contextmanager
def following(tx: Transaction, tree_ids: Iterable[UUID]) -> Generator[None]:
    """Whatever changes inside about the messages, labels, ballots or states of these trees is counted at the end.

    It may be nested, and may hold anything that counts for itself: no change counts twice.
    """
    followed: set[UUID] = tx.cache.setdefault(_FOLLOWED, set())
    new = set(tree_ids) - followed
    if not new:
        yield
        return
    part, bases = OfTrees(list(new)), _kept(tx).bases
    before = _sum(tx, part, bases)
    followed |= new
    try:
        yield
    finally:
        followed -= new
    _apply(tx, _sum(tx, part, bases).less(before))
    roll(tx)


@contextmanager
def following_ranks(tx: Transaction, tree_id: UUID) -> Generator[None]:
    """The same for one tree of which nothing but the ranks changes inside: half as much is counted."""
    if _is_followed(tx, tree_id):
        yield
        return
    part, bases = OfTrees([tree_id]), _kept(tx).bases
    before = _ranked_sum(tx, part, bases)
    yield
    _apply(tx, _ranked_sum(tx, part, bases).less(before))
    roll(tx)


def _is_followed(tx: Transaction, tree_id: UUID) -> bool:
    return tree_id in tx.cache.get(_FOLLOWED, ())


def wrote(tx: Transaction, message: Message) -> None:
    """A message was added, new and without a verdict."""
    if message.deleted or message.user_id is None or _is_followed(tx, message.tree_id):
        return
    _move_dated(tx, message.user_id, message.created_date, rules.authored(_authored(message)))
    roll(tx)


def reviewed(
    tx: Transaction, reviewer: UUID, mode: ReviewMode, message: Message, labels: Mapping[str, float], *, accepts: bool
) -> None:
    """Somebody reviewed a message, which was as `message` says; `accepts` if the verdict has become yes by it."""
    if _is_followed(tx, message.tree_id):
        return
    _move_dated(tx, reviewer, tx.now, rules.reviewed(mode))
    if not message.deleted:
        counted = rules.labelled(labels)
        if accepts:
            counted[f"accepted_{_authored(message).kind}"] = 1
            _collect_accepted(tx, message)
        if message.user_id is not None:
            _move_dated(tx, message.user_id, message.created_date, counted)
    roll(tx)


def ranked(tx: Transaction, user_id: UUID, best_first: Sequence[Message], *, not_rankable: bool) -> None:
    """Somebody cast a ballot on replies of one tree, which were as `best_first` says.

    Whether it is a good one is known when the tree is scored, or at once where the replies have their places from an
    earlier ranking.
    """
    if not _is_followed(tx, best_first[0].tree_id):
        places = {reply.id: reply.rank for reply in best_first if reply.rank is not None}
        counted = rules.ranked([reply.id for reply in best_first], places, not_rankable=not_rankable)
        _move_dated(tx, user_id, tx.now, counted)
        roll(tx)


def reacted(tx: Transaction, message: Message, after: Mapping[str, int]) -> None:
    """The reactions to a message, which are those of `message`, have become others."""
    if message.deleted or message.user_id is None or _is_followed(tx, message.tree_id):
        return
    counted = rules.reacted(after)
    counted.subtract(rules.reacted(message.emojis))
    _move_dated(tx, message.user_id, message.created_date, counted)
    roll(tx)


def _move_dated(tx: Transaction, user_id: UUID, date: datetime, counted: Mapping[str, int]) -> None:
    narrowest = sum(date >= base for base in _kept(tx).bases.values())
    _move(tx, user_id, counted, narrowest=narrowest)


def _collect_accepted(tx: Transaction, message: Message) -> None:
    if not message.synthetic:
        kind = rules.Sample.INITIAL_PROMPT if message.parent_id is None else rules.Sample(f"{message.role}_reply")
        sums.collect(tx, kind.value, message.lang, 1)


def _authored(message: Message) -> Authored:
    return Authored(
        role=message.role,
        is_prompt=message.parent_id is None,
        is_accepted=message.review_result is True,
        rank=message.rank,
        emojis=message.emojis,
    )


def merge(tx: Transaction, source: UUID, destination: UUID) -> None:
    """What one person had belongs to another now: to be called beside handing over the facts, with nothing between."""
    for breadth, counted in sums.of_user(tx, source).items():
        _move(tx, destination, counted, widest=breadth, narrowest=breadth)
    sums.forget_user(tx, source)


# --- proof -----------------------------------------------------------------------------------------------------------


def recount(tx: Transaction) -> None:
    """Forget all that is kept, and count everything anew."""
    bases = _wanted_bases(tx.now)
    sums.forget_everything(tx)
    sums.set_bases(tx, bases)
    tx.cache[_KEPT] = _Kept(bases, hour_of(tx.now))
    _apply(tx, _sum(tx, Everything(), bases))


def check(tx: Transaction) -> list[str]:
    """Where what is kept differs from what the facts say, one sentence each; nothing changes."""
    counted = _sum(tx, Everything(), sums.bases(tx))
    facts: dict[tuple[UUID, int], Counter[str]] = {}
    for (user_id, narrowest), counters in counted.scores.items():
        for breadth in range(narrowest + 1):
            facts.setdefault((user_id, breadth), Counter()).update(counters)
    rows = list(sums.every_row(tx))
    kept = {(row.user_id, row.breadth): row.counters for row in rows}
    misplaced = [
        f"{row.user_id} has the wrong place ({WIDEST_FIRST[row.breadth]}): {row.orders}"
        for row in rows
        if row.orders != sums.orders(row.counters)
    ]
    return [*_unequal(kept, facts), *misplaced, *_unequal_samples(sums.samples(tx), counted.samples)]


def _unequal(
    kept: Mapping[tuple[UUID, int], Mapping[str, int]], facts: Mapping[tuple[UUID, int], Mapping[str, int]]
) -> list[str]:
    found: list[str] = []
    for user_id, breadth in sorted(kept.keys() | facts.keys()):
        ours = kept.get((user_id, breadth))
        theirs = {name: value for name, value in facts.get((user_id, breadth), {}).items() if value}
        for name in sorted((ours or {}).keys() | theirs.keys()):
            if (is_now := (ours or {}).get(name, 0)) != (should_be := theirs.get(name, 0)):
                frame = WIDEST_FIRST[breadth].value
                found.append(f"{name} of {user_id} ({frame}) is {is_now}, and should be {should_be}")
        if ours == {}:
            found.append(f"{user_id} has an empty row ({WIDEST_FIRST[breadth].value})")
    return found


def _unequal_samples(kept: Mapping[tuple[str, str], int], facts: Mapping[tuple[str, str], int]) -> list[str]:
    return [
        f"the samples of {kind} in {lang} are {kept.get((kind, lang), 0)}, and should be {facts.get((kind, lang), 0)}"
        for kind, lang in sorted(kept.keys() | facts.keys())
        if kept.get((kind, lang), 0) != facts.get((kind, lang), 0)
    ]
