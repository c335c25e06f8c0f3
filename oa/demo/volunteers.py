"""The people of a simulated community: how well they write, how surely they judge, and who of them is a troll."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from oa.demo.texts import Written
from oa.domain.labels import CATALOGUE, Label, Widget
from oa.domain.people import Identity
from oa.errors import Invalid


class Troll(StrEnum):
    """What a troll does with the work of others; all of them write spam and rank by lot."""

    RANDOM = "random"
    """Labels by lot."""
    INVERTED = "inverted"
    """Says the opposite of what is true, and raises no flag."""


class Abuse(StrEnum):
    """How somebody who is no troll makes their work easier, or their opinion weigh more."""

    COPIER = "copier"
    """Hands in what others wrote, or nearly that."""
    RACER = "racer"
    """Answers at once, without reading."""
    PARROT = "parrot"
    """Says the same of everything, and ranks as shown."""
    CLIQUE = "clique"
    """Friends who agree on their votes beforehand, whatever the texts are worth."""
    PUPPET = "puppet"
    """One person with several accounts, open side by side."""


RING_SIZES = {Abuse.CLIQUE: 4, Abuse.PUPPET: 3}
"""How many come together; of the others one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Volunteer:
    """One simulated person."""

    identity: Identity
    languages: tuple[str, ...]
    quality: float
    """How good what they write is on average, 0 worthless to 1 perfect."""
    speed: float
    """The chance that they do something in a round."""
    error_rate: float
    """How often they get a plain question wrong; also how far their feeling for quality is off."""
    troll: Troll | None = None
    abuse: Abuse | None = None
    ring: str = ""
    """Names those who act together; empty for whoever acts alone."""


def recruit(count: int, *, trolls: int, languages: Sequence[str], seed: int) -> list[Volunteer]:
    """A community of which `trolls` are trolls; the same seed gives the same people.

    Languages are spread evenly; some honest people speak a second one, trolls speak all of them.

    Raises:
        Invalid: more trolls than people, or no language.
    """
    if not 0 <= trolls <= count or not languages:
        raise Invalid("a community needs at least one language, and no more trolls than people")
    rng = random.Random(seed)
    people = [_honest(index, languages, rng) for index in range(count - trolls)]
    return people + [_troll(index, languages, rng) for index in range(trolls)]


def _honest(index: int, languages: Sequence[str], rng: random.Random) -> Volunteer:
    first = languages[index % len(languages)]
    others = [lang for lang in languages if lang != first]
    second = (rng.choice(others),) if others and rng.random() < 0.3 else ()
    return Volunteer(
        identity=Identity("local", f"volunteer{index + 1}", f"Volunteer {index + 1}"),
        languages=(first, *second),
        quality=rng.uniform(0.3, 0.95),
        speed=rng.uniform(0.4, 1.0),
        error_rate=rng.uniform(0.0, 0.04),
    )


def _troll(index: int, languages: Sequence[str], rng: random.Random) -> Volunteer:
    return Volunteer(
        identity=Identity("local", f"troll{index + 1}", f"Troll {index + 1}"),
        languages=tuple(languages),
        quality=0.0,
        speed=rng.uniform(0.4, 1.0),
        error_rate=1.0,
        troll=list(Troll)[index % len(Troll)],
    )


def recruit_abusers(kinds: Sequence[Abuse], *, languages: Sequence[str], seed: int) -> list[Volunteer]:
    """Somebody of each of these kinds, or a ring of them; the same seed gives the same people."""
    rng = random.Random(f"abusers {seed}")
    found: list[Volunteer] = []
    for number, kind in enumerate(kinds, 1):
        size, ring = RING_SIZES.get(kind, 1), f"{kind}{number}"
        found += [
            _abuser(kind, ring if size > 1 else "", f"{ring}-{member + 1}", languages, rng) for member in range(size)
        ]
    return found


def _abuser(kind: Abuse, ring: str, name: str, languages: Sequence[str], rng: random.Random) -> Volunteer:
    return Volunteer(
        identity=Identity("local", name, name.title()),
        languages=tuple(languages),
        quality=rng.uniform(0.3, 0.95),
        speed=rng.uniform(0.8, 1.0),
        error_rate=0.3 if kind is Abuse.RACER else rng.uniform(0.0, 0.04),
        abuse=kind,
        ring=ring,
    )


# --- how long they take ----------------------------------------------------------------------------------------------


def seconds_for(volunteer: Volunteer, read: int, written: int, rng: random.Random) -> float:
    """How long somebody takes to read and write so many characters and to make up their mind."""
    if volunteer.abuse is Abuse.RACER:
        return rng.uniform(0.2, 0.6)
    return read / rng.uniform(15, 40) + written / rng.uniform(3, 7) + rng.uniform(2, 12)


# --- what they think of a text ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """What a review asks."""

    valid: tuple[str, ...]
    mandatory: tuple[str, ...]
    lang: str
    """The language that the text is to be in."""


def effort(volunteer: Volunteer, rng: random.Random) -> float:
    """How good the next text of an honest volunteer becomes, 0..1."""
    return _within(rng.gauss(volunteer.quality, 0.1))


def label(asked: Asked, written: Written, volunteer: Volunteer, rng: random.Random) -> dict[str, float]:
    """What the volunteer says about a text. A flag that is not raised is absent, unless it must be answered."""
    if volunteer.abuse is Abuse.PARROT:
        return {name: 0.5 if _is_scale(name) else 0.0 for name in asked.valid if _is_asked(name, asked)}
    match volunteer.troll:
        case Troll.RANDOM:
            return {
                name: rng.randint(0, 4) / 4 if _is_scale(name) else float(rng.randint(0, 1)) for name in asked.valid
            }
        case Troll.INVERTED:
            truth = {name: _opinion(name, written, asked.lang, written.quality) for name in asked.valid}
            values = {name: 0.0 if _is_flag(name) else 1 - value for name, value in truth.items()}
        case None:
            values = _honest_labels(asked, written, volunteer, rng)
    return {name: value for name, value in values.items() if value or _is_asked(name, asked)}


def _is_asked(name: str, asked: Asked) -> bool:
    """Whether there must be an answer, rather than a sign only where something is wrong."""
    return not _is_flag(name) or name in asked.mandatory


def _honest_labels(asked: Asked, written: Written, volunteer: Volunteer, rng: random.Random) -> dict[str, float]:
    felt = _felt_quality(written, volunteer, rng)
    values = {name: _opinion(name, written, asked.lang, felt) for name in asked.valid}
    wrong = [name for name in values if not _is_scale(name) and rng.random() < volunteer.error_rate]
    return values | {name: 1 - values[name] for name in wrong}


def rank(replies: Sequence[Written], volunteer: Volunteer, rng: random.Random) -> list[int]:
    """The places of the replies in the list, best first."""
    places = list(range(len(replies)))
    if volunteer.troll is not None:
        rng.shuffle(places)
    if volunteer.troll is not None or volunteer.abuse is Abuse.PARROT:
        return places
    felt = [_felt_quality(reply, volunteer, rng) for reply in replies]
    return sorted(places, key=lambda place: -felt[place])


def _felt_quality(written: Written, volunteer: Volunteer, rng: random.Random) -> float:
    if volunteer.abuse is Abuse.CLIQUE:
        return random.Random(f"{volunteer.ring} {written.text}").random()  # what they have agreed to say about it
    return _within(rng.gauss(written.quality, 0.04 + volunteer.error_rate))


def _opinion(name: str, written: Written, lang: str, felt: float) -> float:
    """What somebody who sees the text for what it is says, if its quality feels like `felt`."""
    match name:
        case Label.SPAM:
            return float(written.is_spam)
        case Label.LANG_MISMATCH:
            return float(written.lang != lang)
        case Label.FAILS_TASK:
            return float(written.is_spam or felt < 0.15)
        case Label.QUALITY | Label.HELPFULNESS:
            return _quarter(felt)
        case Label.CREATIVITY:
            return _quarter(felt / 2)
        case _:
            return 0.0


def _is_scale(name: str) -> bool:
    return _widget(name) is Widget.LIKERT


def _is_flag(name: str) -> bool:
    return _widget(name) is Widget.FLAG


def _widget(name: str) -> Widget | None:
    """How a label is asked for; None for one that a newer hub asks and this catalogue does not know."""
    return CATALOGUE[Label(name)].widget if name in CATALOGUE else None


def _quarter(value: float) -> float:
    """The nearest of the five places on a scale."""
    return round(_within(value) * 4) / 4


def _within(value: float) -> float:
    return min(1.0, max(0.0, value))
