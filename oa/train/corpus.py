"""The data of a recipe: read, brought into one kind, split by trees, and drawn epoch by epoch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from oa.data.mixing import Ingredient, drawn
from oa.data.sources import opened
from oa.data.splitting import family_of, held_out
from oa.domain.conversions import can_become, converted
from oa.domain.extraction import Choice, Purpose, extract
from oa.domain.records import Fault, TreeRecord
from oa.domain.samples import Kind, Sample, kind_of
from oa.errors import BadFile, BadTrainingData
from oa.train.recipe import DataSource, Recipe

PURPOSES = {
    Kind.CONVERSATION: Purpose.SFT,
    Kind.RANKED: Purpose.REWARD,
    Kind.PREFERENCE: Purpose.REWARD,
    Kind.VERDICT: Purpose.REWARD,
    Kind.PROMPT: Purpose.RL,
}

SampleType = TypeVar("SampleType")


@dataclass(slots=True)
class Corpus(Generic[SampleType]):
    """One source of a recipe, read."""

    source: DataSource
    train: list[SampleType] = field(default_factory=list[SampleType])
    held_out: list[SampleType] = field(default_factory=list[SampleType])
    faults: list[Fault] = field(default_factory=list[Fault])
    skipped: int = 0
    """Samples that have nothing of the kind that is wanted."""


def gathered(recipe: Recipe, kinds: Sequence[Kind]) -> list[Corpus[Any]]:
    """Every source of a recipe as samples of one kind.

    Args:
        kinds: what is wanted, the best first: each sample becomes the first of them that it can become.

    Raises:
        BadTrainingData: there is no source, or nothing in one that could be learned from.
        BadFile, InvalidSetting: a file is not there or cannot be read; its format cannot be told or does not exist;
            more is to be drawn from a source than it has.
    """
    if not recipe.data:
        raise BadTrainingData("the recipe names no data: give --data FILE, or a [[data]] table with a path")
    corpora = [_gather(source, recipe, kinds) for source in recipe.data]
    _ingredients(corpora)
    return corpora


def _gather(source: DataSource, recipe: Recipe, kinds: Sequence[Kind]) -> Corpus[Any]:
    corpus: Corpus[Any] = Corpus(source)
    found: list[tuple[str, Sample]] = []
    for sample in _samples(source, corpus):
        wanted = next((kind for kind in kinds if can_become(kind_of(sample), kind)), None)
        made = [] if wanted is None else list(_made(sample, wanted, source))
        corpus.skipped += not made
        found += [(family_of(one), one) for one in made]
    if not found:
        raise BadTrainingData(f"{source.path} has nothing to learn from{_why(corpus)}")
    away = held_out([family for family, _ in found], recipe.evaluation.share, recipe.seed)
    corpus.train = [sample for family, sample in found if family not in away]
    corpus.held_out = [sample for family, sample in found if family in away][: recipe.evaluation.most]
    return corpus


def _samples(source: DataSource, corpus: Corpus[SampleType]) -> Iterator[Sample]:
    path = Path(source.path).expanduser()
    if not path.exists():
        raise BadFile(f"there is no file {path}")
    with opened(path, source.format) as file:
        for sample in file.samples():
            if isinstance(sample, Fault):
                corpus.faults.append(sample)
            else:
                yield sample


def _made(sample: Sample, wanted: Kind, source: DataSource) -> Iterator[Sample]:
    if not isinstance(sample, TreeRecord) or wanted is Kind.TREE:
        yield from converted(sample, wanted)
        return
    langs = None if source.langs is None else frozenset(source.langs)
    choice = Choice(langs=langs, top_k=source.top_k, synthetic=source.synthetic)
    for found in extract(sample, PURPOSES[wanted], choice):
        yield from converted(found, wanted) if can_become(kind_of(found), wanted) else ()


def _why(corpus: Corpus[SampleType]) -> str:
    if corpus.faults:
        line, reason = corpus.faults[0].line, corpus.faults[0].reason
        return f": {len(corpus.faults):,} rows cannot be read, the first in line {line}: {reason}"
    if corpus.skipped:
        return (
            f": {corpus.skipped:,} samples in it are of no use for this; trees must be finished, and those in which a "
            "machine wrote need synthetic = true"
        )
    return ": it is empty"


def _ingredients(corpora: Sequence[Corpus[SampleType]]) -> list[Ingredient]:
    return [Ingredient(one.source.title, len(one.train), one.source.fraction, one.source.size) for one in corpora]


def epoch_of(corpora: Sequence[Corpus[SampleType]], epoch: int, seed: int) -> list[SampleType]:
    """The samples of an epoch in their order, drawn from all sources as the recipe says.

    Args:
        epoch: counted from 0.
    """
    return [corpora[place].train[at] for place, at in drawn(_ingredients(corpora), epoch, seed)]


def counts(corpora: Sequence[Corpus[SampleType]]) -> dict[str, Counter[str]]:
    """What became of each source."""
    return {
        one.source.title: Counter(
            train=len(one.train), held_out=len(one.held_out), unreadable=len(one.faults), skipped=one.skipped
        )
        for one in corpora
    }
