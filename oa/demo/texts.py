"""The texts of a simulated community, made from `oa.demo.vocabulary`; pure, so that a seed gives them again.

How good a text is shows in it: a better one says more. Nobody reads that off the words, though; the community remembers
what each of its texts is worth (`Written`), as people know a good answer when they see one.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from oa.demo.vocabulary import VOCABULARIES, Vocabulary
from oa.errors import Invalid

WORTH_A_SHRUG = 0.25
"""An answer of less quality than this says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A text together with what only its author knows for certain."""

    text: str
    lang: str
    topic: str
    quality: float
    """0 worthless to 1 perfect."""
    is_spam: bool = False


def vocabulary(lang: str) -> Vocabulary:
    """The phrases of a language.

    Raises:
        Invalid: the simulated community does not speak it.
    """
    if lang not in VOCABULARIES:
        raise Invalid(f"the simulated community does not speak {lang!r}; it knows {', '.join(VOCABULARIES)}")
    return VOCABULARIES[lang]


def write_prompt(lang: str, quality: float, rng: random.Random) -> Written:
    """A question to start a conversation with."""
    words = vocabulary(lang)
    topic = rng.choice(words.topics)
    parts = [_filled(rng.choice(words.questions), topic), *_some(words.details, quality, rng)]
    return Written(text=" ".join(parts), lang=lang, topic=topic, quality=quality)


def write_answer(lang: str, topic: str | None, quality: float, rng: random.Random) -> Written:
    """An assistant's answer. `topic` is what the conversation is about, None where that is unknown."""
    words = vocabulary(lang)
    about = topic if topic in words.topics else rng.choice(words.topics)
    if quality < WORTH_A_SHRUG:
        parts = [rng.choice(words.shrugs), rng.choice(words.advice)]
    else:
        parts = [_filled(rng.choice(words.openings), about), *_some(words.advice, quality, rng)]
    return Written(text=" ".join(parts), lang=lang, topic=about, quality=quality)


def write_follow_up(lang: str, topic: str | None, quality: float, rng: random.Random) -> Written:
    """What the prompter says to an answer."""
    words = vocabulary(lang)
    about = topic if topic in words.topics else rng.choice(words.topics)
    parts = [_filled(rng.choice(words.follow_ups), about), *_some(words.details, quality / 2, rng)]
    return Written(text=" ".join(parts), lang=lang, topic=about, quality=quality)


def write_spam(lang: str, rng: random.Random) -> Written:
    """Something that nobody needs."""
    text = f"{rng.choice(vocabulary(lang).lures)} {rng.getrandbits(32):08x}"
    return Written(text=text, lang=lang, topic="", quality=0.0, is_spam=True)


def copied(original: Written, rng: random.Random) -> Written:
    """A text that somebody hands in as their own: as it was, or with one word changed for another of it."""
    words = original.text.split(" ")
    if rng.random() < 0.5 and len(words) > 1:
        words[rng.randrange(len(words))] = rng.choice(words)
    return replace(original, text=" ".join(words))


def appraise(text: str, lang: str) -> Written:
    """What a reader makes of a text that the community has not written itself: spam if it sounds so, else middling."""
    is_spam = any(lure in text for words in VOCABULARIES.values() for lure in words.lures)
    return Written(text=text, lang=lang, topic="", quality=0.0 if is_spam else 0.5, is_spam=is_spam)


def _some(sentences: Sequence[str], share: float, rng: random.Random) -> list[str]:
    """About this share of the sentences, in a new order."""
    return rng.sample(sentences, k=round(len(sentences) * min(1.0, max(0.0, share)) / 2))


def _filled(template: str, topic: str) -> str:
    return template.replace("{topic}", topic).replace("{Topic}", topic[:1].upper() + topic[1:])
