"""/api/v1/hf: how toxic a text is, according to a classifier that the settings name."""

from __future__ import annotations

import logging
from typing import Annotated

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from oa.errors import ClassifierFailed, NoClassifier
from oa.hub import access
from oa.server.auth import Call

ANSWER_WITHIN_S = 10.0

log = logging.getLogger(__name__)


class ToxicityScore(msgspec.Struct, frozen=True, kw_only=True):
    label: str
    score: float
    """From 0 to 1."""


class ToxicityController(Controller):
    path = "/hf"
    tags = ("hugging_face",)

    @get("/text_toxicity")
    async def get_text_toxicity(
        self, call: NamedDependency[Call], msg: Annotated[str, QueryParameter(max_length=100_000)]
    ) -> list[list[ToxicityScore]]:
        """Every label that the classifier knows, with its score. For trusted programs and moderators."""
        await call.read(lambda _, caller: access.require_trusted(caller))
        url = call.hub.config.toxicity.url
        if url is None:
            raise NoClassifier("this hub has no classifier for toxicity; whoever runs it can set toxicity.url to one")
        return await classify(url, msg)


async def classify(url: str, text: str) -> list[list[ToxicityScore]]:
    """What a classifier says of one text.

    Raises:
        ClassifierFailed: it cannot be reached, or does not answer as it should.
    """
    import httpx  # for those who have a classifier

    try:
        async with httpx.AsyncClient(timeout=ANSWER_WITHIN_S, trust_env=False) as http:
            answer = (await http.post(url, json={"inputs": text})).raise_for_status()
        return _scores(answer.content)
    except (httpx.HTTPError, msgspec.DecodeError) as error:
        log.warning("the classifier for toxicity failed: %s", error)
        raise ClassifierFailed("the classifier for toxicity does not answer as it should; try again later") from error


def _scores(answer: bytes) -> list[list[ToxicityScore]]:
    """Some classifiers answer one text with a list, some with a list of lists."""
    found = msgspec.json.decode(answer, type=list[ToxicityScore | list[ToxicityScore]])
    flat = [one for one in found if isinstance(one, ToxicityScore)]
    return [flat] if flat else [one for one in found if isinstance(one, list)]
