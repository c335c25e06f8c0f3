"""How far people agree: a whole group, and one person with everybody else.

Everything about one person leaves that person out of what they are compared with; else few others would mean that they
are compared with themselves.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import accumulate
from math import fsum
from uuid import UUID

from oa.domain.consensus import Ballot, consensus, kendall_tau
from oa.domain.deeds import Deeds, Ranking, Review
from oa.domain.labels import CATALOGUE, Label, Widget
from oa.domain.tasks import TaskKind

FEWEST_REVIEWS = 20
"""Compared reviews below which nothing is said of a label: a share of 20 is known to 11 points at best."""

FEWEST_RANKINGS = 10
"""The same for rankings: tau of three replies put in order by lot spreads by 0.64, the mean of ten by 0.2."""

SAME_PLACE_WITHIN = 0.125
"""Half the distance between two places of a scale of five: values closer than this are the same answer."""

CLOSE_FROM = 0.5
APART_BELOW = 0.2
"""Where agreement beyond chance (0: none, 1: perfect) is called close, and where apart. Questions of taste seldom reach
the 0.67 that Krippendorff asks of an instrument; somebody who answers by lot is near 0."""


class Scale(StrEnum):
    """What the distance between two answers means."""

    NOMINAL = "nominal"
    """Equal or not."""
    ORDINAL = "ordinal"
    """How many answers lie between them."""
    INTERVAL = "interval"
    """Their difference."""


# --- Krippendorff's alpha --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Mean squared distance between two answers to the same question, and between any two answers."""

    observed: float
    expected: float

    @property
    def alpha(self) -> float | None:
        return 1 - self.observed / self.expected if self.expected else None


def krippendorff_alpha(units: Iterable[Sequence[float]], scale: Scale) -> float | None:
    """How far a group agrees beyond chance.

    Args:
        units: for each thing that was judged, the answers of those who judged it, in any order. Who did not answer is
            simply not there; a thing with one answer says nothing.

    Returns:
        1 for perfect agreement, 0 for answers by lot, below 0 for answers that avoid each other. None where nobody can
        be compared or everybody gave the same answer to everything, so that chance is not defined.

    Source:
        Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", https://repository.upenn.edu/asc_papers/43
    """
    pairable = [unit for unit in units if len(unit) > 1]
    answers = [answer for unit in pairable for answer in unit]
    if len(set(answers)) < 2:
        return None
    places = _places(answers, scale)
    within = fsum(_spread([places[answer] for answer in unit], scale) / (len(unit) - 1) for unit in pairable)
    return 1 - within * (len(answers) - 1) / _spread([places[answer] for answer in answers], scale)


def individual_disagreement(units: Iterable[tuple[float, Sequence[float]]], scale: Scale) -> Disagreement | None:
    """How far one person disagrees with the others, and how far any two answers to these questions do.

    The observed part of Krippendorff's alpha over the pairs of answers of which one is this person's; with two people
    the alpha of either is that of both.

    Args:
        units: the person's answer and those of the others, for each thing that the person judged.

    Returns:
        None where nobody can be compared or all answers are the same.
    """
    pairable = [(own, others) for own, others in units if others]
    answers = [answer for own, others in pairable for answer in (own, *others)]
    if len(set(answers)) < 2:
        return None
    places = _places(answers, scale)
    observed = fsum(
        fsum(_squared(places[own], places[other], scale) for other in others) / len(others) for own, others in pairable
    ) / len(pairable)
    spread = _spread([places[answer] for answer in answers], scale)
    return Disagreement(observed, spread / (len(answers) * (len(answers) - 1)))


def _places(answers: Sequence[float], scale: Scale) -> dict[float, float]:
    """Where each answer stands on a line on which distances are differences.

    An ordinal distance counts the answers between two, with half of those on either end: that is the difference of
    their mean ranks. Ranks are divided by the number of answers, so that they lie in 0..1 as the answers do.
    """
    if scale is not Scale.ORDINAL:
        return {answer: answer for answer in answers}
    counts = sorted(Counter(answers).items())
    upto = accumulate(count for _, count in counts)
    return {answer: (end - count / 2) / len(answers) for (answer, count), end in zip(counts, upto, strict=True)}


def _spread(places: Sequence[float], scale: Scale) -> float:
    """The sum of squared distances over all ordered pairs, without forming them."""
    if scale is Scale.NOMINAL:
        return float(len(places) ** 2 - sum(count**2 for count in Counter(places).values()))
    mean = fsum(places) / len(places)
    return 2 * len(places) * fsum((place - mean) ** 2 for place in places)


def _squared(a: float, b: float, scale: Scale) -> float:
    return float(a != b) if scale is Scale.NOMINAL else (a - b) ** 2


# --- one person ------------------------------------------------------------------------------------------------------


class Impression(StrEnum):
    """What the numbers about a person come to, in a word."""

    TOO_FEW = "too_few"
    CLOSE = "close"
    MIXED = "mixed"
    APART = "apart"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelAgreement:
    """One person's answers to one question, beside those of the others who answered it for the same messages."""

    kind: TaskKind
    lang: str
    label: str
    compared: int
    """Messages. Below `FEWEST_REVIEWS` there are no numbers."""
    distance: float | None = None
    """Mean absolute distance from the others' mean, 0..1."""
    agreeing: float | None = None
    """Share of the others' answers that are the same (`SAME_PLACE_WITHIN`), 0..1."""
    alpha: float | None = None
    """Agreement beyond chance; None also where everybody always gave the same answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingAgreement:
    """One person's rankings, beside the consensus of the others who ranked the same replies."""

    kind: TaskKind
    lang: str
    compared: int
    """Rankings. Below `FEWEST_RANKINGS` there are no numbers."""
    tau: float | None = None
    """Mean of Kendall's tau with the consensus of the others' ballots, -1..1."""
    alpha: float | None = None
    """Agreement beyond chance on the relative places of the replies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far one person agrees with the others since some time."""

    user_id: UUID
    since: datetime
    reviews: int
    """Of this person, compared or not."""
    rankings: int
    by_label: tuple[LabelAgreement, ...]
    by_ranking: tuple[RankingAgreement, ...]
    alpha: float | None
    """Over all labels that have numbers, those on which people differ weighing more."""
    tau: float | None
    """Over all rankings, where there are enough."""

    @property
    def impression(self) -> Impression:
        known = [value for value in (self.alpha, self.tau) if value is not None]
        if not known:
            return Impression.TOO_FEW
        mean = sum(known) / len(known)
        if mean >= CLOSE_FROM:
            return Impression.CLOSE
        return Impression.MIXED if mean >= APART_BELOW else Impression.APART


KIND_WORDS = {
    Impression.TOO_FEW: "It is too early to compare: a few more reviews or rankings, and you will see here how your"
    " view and that of the others meet.",
    Impression.CLOSE: "You and the others mostly see things alike. Thank you: careful work like this is what the data"
    " set lives on.",
    Impression.MIXED: "You often agree with the others, and sometimes not. That is how it should be where taste is"
    " asked for; for yes-or-no questions, the guidelines may help.",
    Impression.APART: "You often see things differently from the others. That can be a fresh eye, a misunderstanding,"
    " or a question that we put badly: have a look at the guidelines, and tell the moderators what you think.",
}
"""What people are told about themselves. Nobody is told that they are wrong: many against one is no proof."""


def agreement(user_id: UUID, deeds: Deeds, since: datetime) -> Agreement:
    """Compare one person with the others.

    Args:
        deeds: what the person handed in, and what others handed in about the same messages and replies.
    """
    labels, pooled = _by_label(user_id, deeds.reviews)
    rankings, taus = _by_ranking(user_id, deeds.rankings)
    return Agreement(
        user_id=user_id,
        since=since,
        reviews=sum(review.user_id == user_id for review in deeds.reviews),
        rankings=sum(ranking.user_id == user_id for ranking in deeds.rankings),
        by_label=tuple(labels),
        by_ranking=tuple(rankings),
        alpha=pooled.alpha,
        tau=_mean(taus) if len(taus) >= FEWEST_RANKINGS else None,
    )


Question = tuple[TaskKind, str, str]
"""Kind of task, language, label."""

Unit = tuple[float, list[float]]
"""The person's answer, and those of the others."""


def _by_label(user_id: UUID, reviews: Sequence[Review]) -> tuple[list[LabelAgreement], Disagreement]:
    found: list[LabelAgreement] = []
    weighed: list[tuple[int, Disagreement]] = []
    for (kind, lang, label), units in sorted(_questions(user_id, reviews).items()):
        compared = len(units)
        if compared < FEWEST_REVIEWS:
            found.append(LabelAgreement(kind=kind, lang=lang, label=label, compared=compared))
            continue
        disagreement = individual_disagreement(units, scale_of(label))
        if disagreement is not None:
            weighed.append((compared, disagreement))
        found.append(
            LabelAgreement(
                kind=kind,
                lang=lang,
                label=label,
                compared=compared,
                distance=_mean([abs(own - _mean(others)) for own, others in units]),
                agreeing=_mean(
                    [_mean([abs(own - other) < SAME_PLACE_WITHIN for other in others]) for own, others in units]
                ),
                alpha=None if disagreement is None else disagreement.alpha,
            )
        )
    return found, Disagreement(
        fsum(weight * part.observed for weight, part in weighed),
        fsum(weight * part.expected for weight, part in weighed),
    )


def _questions(user_id: UUID, reviews: Sequence[Review]) -> dict[Question, list[Unit]]:
    """Every answer of the person with those of the others to the same question about the same message."""
    on_message: defaultdict[UUID, list[Review]] = defaultdict(list)
    for review in reviews:
        on_message[review.message_id].append(review)
    found: defaultdict[Question, list[Unit]] = defaultdict(list)
    for together in on_message.values():
        others = [review for review in together if review.user_id != user_id]
        for own in (review for review in together if review.user_id == user_id):
            for label, value in own.labels.items():
                theirs = [review.labels[label] for review in others if label in review.labels]
                if theirs:
                    found[own.kind, own.lang, label].append((value, theirs))
    return found


def _by_ranking(user_id: UUID, rankings: Sequence[Ranking]) -> tuple[list[RankingAgreement], list[float]]:
    taus: defaultdict[tuple[TaskKind, str], list[float]] = defaultdict(list)
    units: defaultdict[tuple[TaskKind, str], list[Unit]] = defaultdict(list)
    under: defaultdict[UUID, list[Ranking]] = defaultdict(list)
    for ranking in rankings:
        if not ranking.not_rankable:
            under[ranking.parent_id].append(ranking)
    for together in under.values():
        others = [ranking for ranking in together if ranking.user_id != user_id]
        for own in (ranking for ranking in together if ranking.user_id == user_id):
            tau = tau_with_others(own, others)
            if tau is not None:
                taus[own.kind, own.lang].append(tau)
                units[own.kind, own.lang] += _place_units(own, others)
    found = [
        RankingAgreement(kind=kind, lang=lang, compared=len(some))
        if len(some) < FEWEST_RANKINGS
        else RankingAgreement(
            kind=kind, lang=lang, compared=len(some), tau=_mean(some), alpha=_interval_alpha(units[kind, lang])
        )
        for (kind, lang), some in sorted(taus.items())
    ]
    return found, [tau for some in taus.values() for tau in some]


def tau_with_others(own: Ranking, others: Sequence[Ranking]) -> float | None:
    """Kendall's tau of a ranking with the consensus of the others' on the same replies; None if there are none."""
    merged = consensus([Ballot(other.order) for other in others], own.order, seed=str(own.parent_id))
    return None if merged is None else kendall_tau(own.order, merged)


def _place_units(own: Ranking, others: Sequence[Ranking]) -> list[Unit]:
    mine, theirs = relative_places(own.order), [relative_places(other.order) for other in others]
    return [(place, [places[reply] for places in theirs if reply in places]) for reply, place in mine.items()]


def relative_places(order: Sequence[UUID]) -> Mapping[UUID, float]:
    """Each reply's place, 0 first and 1 last, so that rankings of different lengths compare."""
    return {reply: place / max(1, len(order) - 1) for place, reply in enumerate(order)}


def _interval_alpha(units: Sequence[Unit]) -> float | None:
    found = individual_disagreement(units, Scale.INTERVAL)
    return None if found is None else found.alpha


def scale_of(label: str) -> Scale:
    """Yes-or-no questions and flags are nominal; places on a scale are ordered, and no more is known of them."""
    known = CATALOGUE.get(Label(label)) if label in CATALOGUE else None
    return Scale.ORDINAL if known is None or known.widget is Widget.LIKERT else Scale.NOMINAL


def _mean(values: Sequence[float]) -> float:
    return fsum(values) / len(values)
