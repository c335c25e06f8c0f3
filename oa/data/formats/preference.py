"""Two replies of which one is better, as TRL has them: texts or messages, the prompt apart or within both.

Source: https://huggingface.co/docs/trl/dataset_formats
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from oa.data.format import Fields, Format, Unfit, each_row
from oa.data.rows import AboutRow, TurnRow, about_fields, about_of, rows_from, split_reply, turns_from
from oa.domain.samples import Kind, Preference, Speaker, Turn


class Row(AboutRow, frozen=True, kw_only=True, omit_defaults=True):
    prompt: list[TurnRow] | str | None = None
    chosen: list[TurnRow] | str
    rejected: list[TurnRow] | str


def _fits(fields: Fields) -> bool:
    return all(isinstance(fields.get(name), str | list) for name in ("chosen", "rejected")) and (
        "prompt" in fields or not isinstance(fields["chosen"], str)
    )


def _read(row: Row) -> Iterator[Preference]:
    before = _turns(row.prompt, Speaker.USER) if row.prompt else ()
    left, chosen = split_reply(_turns(row.chosen, Speaker.ASSISTANT))
    right, rejected = split_reply(_turns(row.rejected, Speaker.ASSISTANT))
    if left != right:
        raise Unfit("chosen and rejected answer different turns")
    # Published files have the prompt both apart and within the two.
    prompt = left if left[: len(before)] == before else (*before, *left)
    if not prompt:
        raise Unfit("it has no prompt")
    yield Preference(prompt, chosen, rejected, about_of(row))


def _turns(rows: Sequence[TurnRow] | str, speaker: Speaker) -> tuple[Turn, ...]:
    return (Turn(speaker, rows),) if isinstance(rows, str) else turns_from(rows)


def _write(sample: Preference) -> Iterator[msgspec.Struct]:
    yield Row(
        prompt=rows_from(sample.prompt),
        chosen=rows_from([sample.chosen]),
        rejected=rows_from([sample.rejected]),
        **about_fields(sample.about),
    )


FORMAT = Format(
    name="preference",
    summary="{prompt, chosen, rejected}, texts or messages",
    fits=_fits,
    read=each_row(Row, _read),
    gives=Kind.PREFERENCE,
    write=_write,
    row=Row,
    order=20,
)
