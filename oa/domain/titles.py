"""What a chat is called."""

from __future__ import annotations

import re
import unicodedata

from oa.domain.chats import LONGEST_TITLE
from oa.errors import Invalid

USUAL_LENGTH = 60
"""Characters of a title that nobody has chosen."""

SMALLEST_CONTEXT = 2048
"""Tokens. A model with a shorter context is not asked for titles: such small ones only answer again."""

MOST_TOKENS = 24
"""That a model may write for one."""

WORDS_SHOWN = 300
"""Characters of each message that a model is shown for it."""

REQUEST = (
    "Give this conversation a title of two to six words, in the language of its first message. Write nothing but the"
    " title.\n\nQuestion: {question}\n\nAnswer: {answer}"
)

_SPACE = re.compile(r"\s+")
_LEAD = re.compile(r"^(?:title|titel|title is|titre|título|название|заголовок)\s*[:\-\u2013\u2014]\s*", re.IGNORECASE)
_AROUND = " \t\"'`*_#«»“”„.:;,-\u2018\u2019\u2013\u2014"


def of_prompt(text: str) -> str | None:
    """The beginning of a prompt; None where nothing in it can be seen."""
    line = _plain(text)
    return _cut(line, USUAL_LENGTH) if line else None


def request(question: str, answer: str) -> str:
    """What to ask of a model that is to find a title."""
    return REQUEST.format(question=_cut(_plain(question), WORDS_SHOWN), answer=_cut(_plain(answer), WORDS_SHOWN))


def of_model(text: str) -> str | None:
    """The title in what a model wrote; None where it is none: empty, a whole answer, or markup."""
    line = next((line for line in text.strip().splitlines() if line.strip()), "")
    title = _LEAD.sub("", _plain(line).strip(_AROUND)).strip(_AROUND)
    is_one = 2 <= len(title) <= 80 and len(title.split()) <= 12 and not re.search(r"[<>{}|\[\]]", title)
    return title if is_one else None


def of_person(text: str) -> str | None:
    """The title that somebody typed; None when they typed none, so that the chat is called by its first prompt again.

    Raises:
        Invalid: it is too long.
    """
    title = _plain(text)
    if len(title) > LONGEST_TITLE:
        raise Invalid(f"a title has at most {LONGEST_TITLE} characters, not {len(title)}")
    return title or None


def _plain(text: str) -> str:
    """One line, without what cannot be seen."""
    seen = "".join(" " if unicodedata.category(sign) in ("Cc", "Zl", "Zp") else sign for sign in text)
    return _SPACE.sub(" ", seen).strip()


def _cut(text: str, length: int) -> str:
    """The text, or its beginning up to a space where there is one in good time."""
    if len(text) <= length:
        return text
    cut = text[: length - 1]
    space = cut.rfind(" ")
    return f"{cut[:space] if space >= length // 2 else cut}…"
