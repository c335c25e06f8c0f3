"""Signs in what two people do: votes in concert, accounts in step."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import combinations, pairwise
from uuid import UUID

from oa.domain.consensus import kendall_tau
from oa.domain.deeds import Deed, Deeds, Ranking, Review
from oa.domain.lone_signs import Copy
from oa.domain.signs import EXAMPLES, FALSE_ALARMS, Judged, Key, Sign, SignKind, at_least

# --- votes in concert ------------------------------------------------------------------------------------------------

FEWEST_DECIDED = 12
"""Things that both judged, and on which it can be said who was nearer to whom, below which nothing is said."""

TOGETHER_SHARE = 0.85
"""Share of them on which the two were nearer to each other than to the others. A pair of careful people is often near
each other, since both are near the truth; hardly ever so often."""

TOGETHER_BY_CHANCE = 0.5
"""Of three people who err independently, any two are the nearest pair in one case of three; careful ones among careless
ones more often, and they must not be suspected for that."""

NO_DIFFERENCE = 1e-9


@dataclass(slots=True)
class _Shared:
    """Where two people judged the same thing and others did, too."""

    together: list[datetime] = field(default_factory=list[datetime])
    apart: int = 0
    examples: list[UUID] = field(default_factory=list[UUID])


def votes_in_concert(deeds: Deeds, judged: Judged) -> Iterator[Sign]:
    """Pairs whose votes are nearer to each other than to anybody else's, again and again."""
    shared: defaultdict[Key, _Shared] = defaultdict(_Shared)
    reviews: defaultdict[UUID, dict[UUID, Review]] = defaultdict(dict)
    for review in deeds.reviews:
        reviews[review.message_id][review.user_id] = review
    rankings: defaultdict[UUID, dict[UUID, Ranking]] = defaultdict(dict)
    for ranking in deeds.rankings:
        if not ranking.not_rankable:
            rankings[ranking.parent_id][ranking.user_id] = ranking
    for thing, voters in (*reviews.items(), *rankings.items()):
        _compare(thing, voters, shared, judged)
    judgeable = {key: pair for key, pair in shared.items() if len(pair.together) + pair.apart >= FEWEST_DECIDED}
    for key, pair in judgeable.items():
        together, decided = len(pair.together), len(pair.together) + pair.apart
        is_much = together >= TOGETHER_SHARE * decided
        if is_much and at_least(together, decided, TOGETHER_BY_CHANCE) <= FALSE_ALARMS / len(judgeable):
            examples = [str(thing) for thing in pair.examples]
            evidence = {"together": together, "decided": decided, "examples": examples}
            yield Sign(key, evidence, min(pair.together))


def _compare(
    thing: UUID, voters: Mapping[UUID, Review | Ranking], shared: defaultdict[Key, _Shared], judged: Judged
) -> None:
    """Say of every pair who voted on one thing whether they side with each other or with the others."""
    if len(voters) < 3:
        return
    apart = {
        (one, other): distance
        for one, other in combinations(sorted(voters), 2)
        if (distance := _distance(voters[one], voters[other])) is not None
    }
    for (one, other), distance in apart.items():
        key = Key.of_pair(SignKind.VOTES_IN_CONCERT, one, other)
        date = max(voters[one].date, voters[other].date)
        if not judged.is_news(key, date):
            continue
        nearest = [
            min(apart.get(_sorted(one, third), 1.0), apart.get(_sorted(other, third), 1.0))
            for third in voters
            if third not in (one, other)
        ]
        sides = sum(_sign(near - distance) for near in nearest)
        if sides > 0:
            shared[key].together.append(date)
            if len(shared[key].examples) < EXAMPLES:
                shared[key].examples.append(thing)
        elif sides < 0:
            shared[key].apart += 1


def _sorted(one: UUID, other: UUID) -> tuple[UUID, UUID]:
    return min(one, other), max(one, other)


def _sign(difference: float) -> int:
    return 0 if abs(difference) < NO_DIFFERENCE else (1 if difference > 0 else -1)


def _distance(a: Review | Ranking, b: Review | Ranking) -> float | None:
    """How far two votes on the same thing are apart, 0..1; None where they have nothing in common."""
    if isinstance(a, Ranking) and isinstance(b, Ranking):
        tau = kendall_tau(a.order, b.order)
        return None if tau is None else (1 - tau) / 2
    if isinstance(a, Review) and isinstance(b, Review):
        both = a.labels.keys() & b.labels.keys()
        return sum(abs(a.labels[label] - b.labels[label]) for label in both) / len(both) if both else None
    return None


# --- accounts in step ------------------------------------------------------------------------------------------------

CLOSE_S = 10.0
"""Answers of two accounts that are so close together belong to one hand or to chance."""

FEWEST_CLOSE = 20
CLOSE_SHARE = 0.3
"""Share of the answers of the account with fewer. Two people at work on the same evening come near each other, but
each at their own pace."""

SESSION_GAP = timedelta(minutes=30)
"""A longer pause begins a new session."""

HANDOVER = timedelta(minutes=5)
"""A session that begins so soon after another ended may have taken over from it."""

FEWEST_HANDOVERS = 6
HANDOVER_SHARE = 0.6

SAME_TEXTS_BOTH_WAYS = 2
"""Texts that each of two accounts has taken over from the other: who copies copies one way only."""

SHIFTS = tuple(timedelta(seconds=sign * seconds) for seconds in (41, 73, 107, 151) for sign in (1, -1))
DAY_SHIFTS = tuple(timedelta(days=sign * days) for days in (1, 2, 3) for sign in (1, -1))
"""To know how often two would meet by chance, one of them is moved in time: a little, so that a crowded minute
stays one, or by days, so that both keep their daily rhythm."""


MORE_THAN_CHANCE = 1.5
"""How many times as often as by chance two must meet: of very many meetings, the least excess would be unlikely."""

MOST_AT_ONCE = 100
"""Answers that one answer is held against at most, so that a crowded minute costs no more than that."""

Session = tuple[datetime, datetime]
"""Its first and its last answer."""


@dataclass(frozen=True, slots=True)
class _Meetings:
    """How often one account met another, of how many times it could have."""

    hits: int
    of: int

    def are_many(self, fewest: int, share: float) -> bool:
        return self.hits >= fewest and self.hits >= share * self.of

    def stand_out(self, moved: Iterable[_Meetings], allowed: float) -> bool:
        """Whether there are more than by chance, which is what is found when one of the two is `moved` in time."""
        elsewhere = list(moved)
        # Never quite 0: that none was seen does not make one impossible.
        by_chance = (sum(one.hits for one in elsewhere) + 1) / (sum(one.of for one in elsewhere) + 1)
        is_much = self.hits >= MORE_THAN_CHANCE * by_chance * self.of
        return is_much and at_least(self.hits, self.of, by_chance) <= allowed


def accounts_in_step(deeds: Deeds, copies: Iterable[Copy], judged: Judged) -> Iterator[Sign]:
    """Pairs of accounts that answer at the same moments, take turns, or have each other's texts.

    Args:
        copies: of the texts among the deeds (`lone_signs.copies`).
    """
    ordered = deeds.all()
    dates: defaultdict[UUID, list[datetime]] = defaultdict(list)
    for deed in ordered:
        dates[deed.user_id].append(deed.date)
    texts = _shared_texts(copies, judged)
    alike = {key for key, both in texts.items() if _both_ways(both)}
    candidates = sorted(alike | _often_close(ordered) | _often_in_turn(dates, judged), key=str)
    for key in candidates:
        assert key.other_user_id is not None
        pair = [
            [date for date in dates[user_id] if judged.is_news(key, date)]
            for user_id in (key.user_id, key.other_user_id)
        ]
        one, other = sorted(pair, key=len)
        if one:
            step = _Step(one, other, texts.get(key, Counter[UUID]()))
            if key in alike or step.stands_out(FALSE_ALARMS / len(candidates)):
                yield Sign(key, step.evidence(), min(one[0], other[0]))


@dataclass(frozen=True, slots=True)
class _Step:
    """How two accounts move, the less active one first."""

    one: Sequence[datetime]
    other: Sequence[datetime]
    same_texts: Counter[UUID]

    def stands_out(self, allowed: float) -> bool:
        close, turns = self._close(), self._in_turn()
        if close.are_many(FEWEST_CLOSE, CLOSE_SHARE):
            moved = (_close(self.one, _moved(self.other, shift)) for shift in SHIFTS)
            if close.stand_out(moved, allowed):
                return True
        if not turns.are_many(FEWEST_HANDOVERS, HANDOVER_SHARE):
            return False
        return turns.stand_out((_in_turn(self.one, _moved(self.other, shift)) for shift in DAY_SHIFTS), allowed)

    def evidence(self) -> dict[str, object]:
        close, turns = self._close(), self._in_turn()
        return {
            "close": close.hits,
            "answers": close.of,
            "within_s": CLOSE_S,
            "handovers": turns.hits,
            "sessions": turns.of,
            "same_texts": self.same_texts.total(),
        }

    def _close(self) -> _Meetings:
        return _close(self.one, self.other)

    def _in_turn(self) -> _Meetings:
        return _in_turn(self.one, self.other)


def _close(one: Sequence[datetime], other: Sequence[datetime]) -> _Meetings:
    """How many answers of one account have an answer of the other's beside them."""
    within = timedelta(seconds=CLOSE_S)
    hits = 0
    for date in one:
        place = bisect_left(other, date - within)
        hits += place < len(other) and other[place] <= date + within
    return _Meetings(hits, len(one))


def _in_turn(one: Sequence[datetime], other: Sequence[datetime]) -> _Meetings:
    """How many sessions of one account touch a session of the other's without ever being at work at the same time."""
    theirs = list(_sessions(other))
    starts = [start for start, _ in theirs]
    hits = 0
    mine = list(_sessions(one))
    for start, end in mine:
        place = bisect_left(starts, start)
        around = theirs[max(0, place - 1) : place + 2]
        overlaps = any(first <= end and last >= start for first, last in around)
        touches = any(
            timedelta() < start - last <= HANDOVER or timedelta() < first - end <= HANDOVER for first, last in around
        )
        hits += touches and not overlaps
    return _Meetings(hits, len(mine))


def _sessions(dates: Sequence[datetime]) -> Iterator[Session]:
    """Runs of answers without a long pause."""
    start = 0
    for place, (earlier, later) in enumerate(pairwise(dates), 1):
        if later - earlier > SESSION_GAP:
            yield dates[start], dates[place - 1]
            start = place
    if dates:
        yield dates[start], dates[-1]


def _moved(dates: Sequence[datetime], shift: timedelta) -> list[datetime]:
    return [date + shift for date in dates]


def _often_close(ordered: Sequence[Deed]) -> set[Key]:
    """Pairs with enough answers close to each other to be looked at."""
    recent: deque[Deed] = deque(maxlen=MOST_AT_ONCE)
    met: Counter[Key] = Counter()
    for deed in ordered:
        while recent and (deed.date - recent[0].date).total_seconds() > CLOSE_S:
            recent.popleft()
        others = {earlier.user_id for earlier in recent} - {deed.user_id}
        met.update(Key.of_pair(SignKind.ACCOUNTS_IN_STEP, deed.user_id, other) for other in others)
        recent.append(deed)
    return {key for key, count in met.items() if count >= FEWEST_CLOSE}


def _often_in_turn(dates: Mapping[UUID, Sequence[datetime]], judged: Judged) -> set[Key]:
    """Pairs with enough sessions that begin soon after one of the other's has ended to be looked at."""
    sessions = {user_id: list(_sessions(theirs)) for user_id, theirs in dates.items()}
    moments = sorted(
        (moment, is_start, user_id)
        for user_id, theirs in sessions.items()
        for session in theirs
        for moment, is_start in zip(session, (True, False), strict=True)
    )
    ended: deque[tuple[datetime, UUID]] = deque(maxlen=MOST_AT_ONCE)
    met: Counter[Key] = Counter()
    for moment, is_start, user_id in moments:
        while ended and moment - ended[0][0] > HANDOVER:
            ended.popleft()
        if is_start:
            others = {other for _, other in ended} - {user_id}
            met.update(Key.of_pair(SignKind.ACCOUNTS_IN_STEP, user_id, other) for other in others)
        else:
            ended.append((moment, user_id))

    def is_share(key: Key, count: int) -> bool:
        """Whether it is enough for the one with fewer sessions, as far as all of them count."""
        assert key.other_user_id is not None
        fewer = min(len(sessions[key.user_id]), len(sessions[key.other_user_id]))
        return key in judged.until or count >= HANDOVER_SHARE * fewer

    return {key for key, count in met.items() if count >= FEWEST_HANDOVERS and is_share(key, count)}


def _shared_texts(copies: Iterable[Copy], judged: Judged) -> dict[Key, Counter[UUID]]:
    """For every pair, how many texts each has taken over from the other."""
    found: defaultdict[Key, Counter[UUID]] = defaultdict(Counter)
    for copy in copies:
        if copy.text.user_id != copy.original.user_id:
            key = Key.of_pair(SignKind.ACCOUNTS_IN_STEP, copy.text.user_id, copy.original.user_id)
            if judged.is_news(key, copy.text.date):
                found[key][copy.text.user_id] += 1
    return found


def _both_ways(taken: Counter[UUID]) -> bool:
    return len(taken) == 2 and min(taken.values()) >= SAME_TEXTS_BOTH_WAYS
