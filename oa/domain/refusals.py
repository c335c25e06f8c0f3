"""Phrases by which an answer gives away that another company's assistant wrote it, or that it declines to answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

REFUSALS = (
    "as an ai ",
    "as an ai,",
    "as an artificial intelligence",
    "as a language model",
    "as a large language model",
    "as a machine",
    "i am an ai ",
    "i'm an ai ",
    "i am a language model",
    "i'm just a language model",
    "ai language model",
    "openai",
    "chatgpt",
    "anthropic",
    "my knowledge cutoff",
    "my training data",
    "knowledge cutoff date",
    "i cannot fulfill",
    "i can't fulfill",
    "i cannot comply",
    "i can't comply with",
    "i cannot assist with",
    "i can't assist with",
    "i'm not able to assist with",
    "i cannot provide information on",
    "i cannot engage in",
    "i'm unable to assist",
    "i'm sorry, but i can",
    "i am sorry, but i can",
    "i apologize, but i can",
    "my programming prevents",
    "against my programming",
    "goes against my guidelines",
    "violates my guidelines",
    "i do not have personal opinions",
    "i don't have personal opinions",
    "it is not appropriate for me to",
)
"""Lower case; a part of a text is compared."""


def phrase_in(texts: Iterable[str], phrases: Sequence[str]) -> str | None:
    """The first phrase that one of the texts has, whatever the capitals and the kind of apostrophe.

    Args:
        phrases: in lower case.
    """
    for text in texts:
        plain = text.casefold().replace("’", "'")  # noqa: RUF001 - the apostrophe of typographers
        for phrase in phrases:
            if phrase in plain:
                return phrase
    return None
