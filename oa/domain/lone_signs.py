"""Signs in what one person does: copied texts, impossible speed, always the same answer."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, factorial, log2
from statistics import median
from uuid import UUID

from oa.domain.deeds import Deed, Deeds, Ranking, Review, Text
from oa.domain.likeness import likeness, shingles_of, words
from oa.domain.signs import EXAMPLES, FALSE_ALARMS, Judged, Key, Sign, SignKind, at_least_of
from oa.domain.tasks import TaskKind

# --- copied texts ----------------------------------------------------------------------------------------------------

FEWEST_WORDS = 12
"""Shorter texts are often the same by chance: thanks, yes, the usual question."""

COPIED_FROM = 0.7
"""Likeness from which a text is a copy: with one word in twenty changed, or two fifths added, it still is."""

FEWEST_COPIES = 3
"""Once can be a misunderstanding and twice a coincidence."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A text, an earlier one that it is like, and how much."""

    text: Text
    original: Text
    likeness: float


def copies(texts: Sequence[Text]) -> list[Copy]:
    """Every text that is like an earlier one of somebody else, or of the same person in another tree; with the one
    that it is most like.

    Two sets of shingles that are alike enough must share one of the rarest few of either, so only texts that share a
    rare shingle are compared.
    """
    ordered = sorted(texts, key=lambda text: (text.date, text.message_id))
    sets = [_telling_shingles(text.text) for text in ordered]
    seen_in = Counter(shingle for one in sets for shingle in one)
    having: defaultdict[int, list[int]] = defaultdict(list)
    found: list[Copy] = []
    for place, one in enumerate(sets):
        rarest = sorted(one, key=lambda shingle: (seen_in[shingle], shingle))
        telling = rarest[: len(one) - ceil(COPIED_FROM * len(one)) + 1] if one else []
        candidates = {earlier for shingle in telling for earlier in having[shingle]}
        best = max(
            ((likeness(one, sets[earlier]), -earlier) for earlier in candidates if _may_copy(ordered, place, earlier)),
            default=(0.0, 0),
        )
        if best[0] >= COPIED_FROM:
            found.append(Copy(ordered[place], ordered[-best[1]], best[0]))
        for shingle in telling:
            having[shingle].append(place)
    return found


def _telling_shingles(text: str) -> frozenset[int]:
    """None of a text that is too short to tell anything."""
    found = words(text)
    return shingles_of(found) if len(found) >= FEWEST_WORDS else frozenset()


def _may_copy(texts: Sequence[Text], later: int, earlier: int) -> bool:
    return texts[later].user_id != texts[earlier].user_id or texts[later].tree_id != texts[earlier].tree_id


def copied_texts(texts: Sequence[Text], found: Iterable[Copy], judged: Judged) -> Iterator[Sign]:
    """People who handed in copies, from `copies` of these texts."""
    written = Counter(text.user_id for text in texts)
    by_person: defaultdict[UUID, list[Copy]] = defaultdict(list)
    for copy in found:
        if judged.is_news(Key(SignKind.COPIED_TEXT, copy.text.user_id), copy.text.date):
            by_person[copy.text.user_id].append(copy)
    for user_id, theirs in by_person.items():
        if len(theirs) < FEWEST_COPIES:
            continue
        evidence = {
            "copies": len(theirs),
            "texts": written[user_id],
            "own": sum(copy.original.user_id == user_id for copy in theirs),
            "examples": [
                {
                    "message_id": str(copy.text.message_id),
                    "like": str(copy.original.message_id),
                    "likeness": round(copy.likeness, 2),
                }
                for copy in theirs[:EXAMPLES]
            ],
        }
        yield Sign(Key(SignKind.COPIED_TEXT, user_id), evidence, min(copy.text.date for copy in theirs))


# --- impossible speed ------------------------------------------------------------------------------------------------

READ_CHARACTERS_PER_S = 100.0
"""A good reader takes in 20 to 30; this is skimming as fast as eyes can jump."""

WRITTEN_CHARACTERS_PER_S = 20.0
"""The fastest typists in the world reach 18 for a minute."""

LEAST_S = 1.0
"""To see what is asked and press a key."""

FEWEST_FAST = 10
FAST_SHARE = 0.5
"""Now and then an answer is quick for a good reason; not half of them."""


def needed_s(deed: Deed) -> float:
    """The least time in seconds in which anybody could have read and written this."""
    written = len(deed.text) if isinstance(deed, Text) else 0
    return max(LEAST_S, deed.read_characters / READ_CHARACTERS_PER_S + written / WRITTEN_CHARACTERS_PER_S)


def impossible_speed(deeds: Deeds, judged: Judged) -> Iterator[Sign]:
    """People whose answers come before they can have been made. A first prompt may have been ready beforehand."""
    by_person: defaultdict[UUID, list[Deed]] = defaultdict(list)
    for deed in deeds.all():
        key = Key(SignKind.IMPOSSIBLE_SPEED, deed.user_id)
        if deed.kind is not TaskKind.INITIAL_PROMPT and judged.is_news(key, deed.date):
            by_person[deed.user_id].append(deed)
    for user_id, theirs in by_person.items():
        fast = [deed for deed in theirs if deed.seconds < needed_s(deed)]
        if len(fast) < FEWEST_FAST or len(fast) < FAST_SHARE * len(theirs):
            continue
        evidence = {
            "fast": len(fast),
            "answers": len(theirs),
            "median_s": round(median(deed.seconds for deed in fast), 1),
            "needed_s": round(median(needed_s(deed) for deed in fast), 1),
            "examples": [
                {"task_id": str(deed.task_id), "seconds": round(deed.seconds, 1), "needed_s": round(needed_s(deed), 1)}
                for deed in fast[:EXAMPLES]
            ],
        }
        yield Sign(Key(SignKind.IMPOSSIBLE_SPEED, user_id), evidence, fast[0].date)


# --- always the same answer ------------------------------------------------------------------------------------------

FEWEST_SAME = 20
"""Reviews below which nothing is said."""

FEWEST_ORDERS = 10
"""The same for rankings."""

SAME_SHARE = 0.95
"""Share of one answer from which it counts as always the same."""

OTHERS_DIFFER_BITS = 0.7
"""Entropy of what the others (their median) say from message to message, from which a question has no single answer:
that of a yes-or-no question answered one way in four out of five cases. Where all say the same, so may one person."""

PATTERN_SHARE = 0.8
"""Share of rankings that follow the order shown, from which the order shown is what they follow."""


def same_answer(deeds: Deeds, judged: Judged) -> Iterator[Sign]:
    """People whose answers do not depend on what they are asked about."""
    constants = _constant_labels(deeds.reviews, judged)
    patterns = _shown_orders(deeds.rankings, judged)
    for user_id in sorted(constants.keys() | patterns.keys()):
        parts = [found[user_id] for found in (constants, patterns) if user_id in found]
        evidence = {
            "patterns": [sentence for part in parts for sentence in part.patterns],
            "answers": sum(part.answers for part in parts),
        }
        yield Sign(Key(SignKind.SAME_ANSWER, user_id), evidence, min(part.since for part in parts))


@dataclass(frozen=True, slots=True)
class _Sameness:
    patterns: list[str]
    answers: int
    since: datetime


def _constant_labels(reviews: Sequence[Review], judged: Judged) -> dict[UUID, _Sameness]:
    """People with one answer to every question on which others differ."""
    on_message: defaultdict[UUID, list[Review]] = defaultdict(list)
    by_person: defaultdict[UUID, list[Review]] = defaultdict(list)
    for review in reviews:
        on_message[review.message_id].append(review)
        if judged.is_news(Key(SignKind.SAME_ANSWER, review.user_id), review.date):
            by_person[review.user_id].append(review)
    found: dict[UUID, _Sameness] = {}
    for user_id, own in by_person.items():
        open_questions = _open_questions(user_id, own, on_message)
        constant = {
            label: value for label, values in open_questions.items() if (value := _constant(values)) is not None
        }
        if constant and constant.keys() == open_questions.keys():
            patterns = [
                f"{label} = {value:g} in {len(open_questions[label])} reviews" for label, value in constant.items()
            ]
            found[user_id] = _Sameness(patterns, len(own), min(review.date for review in own))
    return found


def _open_questions(
    user_id: UUID, own: Iterable[Review], on_message: Mapping[UUID, Sequence[Review]]
) -> dict[str, list[float]]:
    """A person's answers, by label, where others reviewed the same and differ from message to message."""
    mine: defaultdict[str, list[float]] = defaultdict(list)
    theirs: defaultdict[str, list[float]] = defaultdict(list)
    for review in own:
        others = [other for other in on_message[review.message_id] if other.user_id != user_id]
        for label, value in review.labels.items():
            answers = [other.labels[label] for other in others if label in other.labels]
            if answers:
                mine[label].append(_place(value))
                theirs[label].append(_place(median(answers)))  # or else one careless voice would make a question open
    return {
        label: values
        for label, values in sorted(mine.items())
        if len(values) >= FEWEST_SAME and entropy_bits(theirs[label]) >= OTHERS_DIFFER_BITS
    }


def _constant(values: Sequence[float]) -> float | None:
    """The answer that is always given, if one is."""
    ((value, count),) = Counter(values).most_common(1)
    return value if count >= SAME_SHARE * len(values) else None


def _place(value: float) -> float:
    """The nearest of five places on a scale: a slider that trembles is still one answer."""
    return round(value * 4) / 4


def entropy_bits(values: Sequence[float]) -> float:
    """How much there is to know about an answer (Shannon); 0 if it is always the same."""
    shares = [count / len(values) for count in Counter(values).values()]
    return -sum(share * log2(share) for share in shares) if len(shares) > 1 else 0.0


PATTERNS = ("as shown", "shown order reversed", "shown first comes first", "shown last comes first")


def _follows(ranking: Ranking) -> tuple[bool, ...]:
    """Whether a ranking follows each of `PATTERNS`."""
    order, shown = ranking.order, ranking.shown
    return (order == shown, order == shown[::-1], order[:1] == shown[:1], order[:1] == shown[-1:])


def _chances(ranking: Ranking) -> tuple[float, ...]:
    """How likely each of `PATTERNS` is by chance: the order in which replies are shown is drawn by lot."""
    replies = len(ranking.shown)
    return (1 / factorial(replies), 1 / factorial(replies), 1 / replies, 1 / replies)


def _shown_orders(rankings: Sequence[Ranking], judged: Judged) -> dict[UUID, _Sameness]:
    """People who rank by the order in which the replies stood on the screen."""
    by_person: defaultdict[UUID, list[Ranking]] = defaultdict(list)
    for ranking in rankings:
        is_whole = len(ranking.shown) > 1 and not ranking.not_rankable
        if is_whole and judged.is_news(Key(SignKind.SAME_ANSWER, ranking.user_id), ranking.date):
            by_person[ranking.user_id].append(ranking)
    allowed = FALSE_ALARMS / max(1, len(by_person) * len(PATTERNS))
    found: dict[UUID, _Sameness] = {}
    for user_id, own in by_person.items():
        follows, chances = [_follows(ranking) for ranking in own], [_chances(ranking) for ranking in own]
        for index, pattern in enumerate(PATTERNS):
            hits = sum(one[index] for one in follows)
            if (
                len(own) < FEWEST_ORDERS
                or hits < PATTERN_SHARE * len(own)
                or at_least_of(hits, [one[index] for one in chances]) > allowed
            ):
                continue
            found[user_id] = _Sameness(
                [f"{hits} of {len(own)} rankings: {pattern}"], len(own), min(ranking.date for ranking in own)
            )
            break
    return found
