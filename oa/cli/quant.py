"""`oa quant`: models made smaller."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from oa.cli.options import Json
from oa.cli.output import print_note, print_record, print_records
from oa.errors import InvalidSetting, NotSupported

if TYPE_CHECKING:
    from oa.quant.exl2.quantizer import Made

HELP = """Make models smaller: EXL2 and GGUF.

`oa quant MODEL -o OUT --bpw N` makes EXL2; `oa quant gguf MODEL -o FILE` makes GGUF."""

USUAL = "exl2"


class _UsuallyExl2(TyperGroup):
    """`oa quant MODEL ...` stands for `oa quant exl2 MODEL ...`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, "--help"}:
            args = [USUAL, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=_UsuallyExl2, no_args_is_help=True, help=HELP)


@app.callback(help=HELP)
def quant() -> None:
    """The help stands in `HELP`."""


Model = Annotated[Path, typer.Argument(metavar="MODEL", help="A model as transformers saves it, or a PEFT adapter.")]


@app.command()
def exl2(
    model: Model,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="OUT", help="The directory to make; of several, the one to put them in."
        ),
    ],
    bpw: Annotated[
        str, typer.Option("--bpw", metavar="N", help="Bits for a weight of the layers, 2 to 8; several with commas.")
    ],
    head_bits: Annotated[
        int, typer.Option("--head-bits", metavar="N", help="Bits of the output layer: 2, 3, 4, 5, 6 or 8.")
    ] = 6,
    calibration: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Text, Parquet, or records of `oa data`, which come in the model's template.",
            show_default="what the model writes itself",
        ),
    ] = None,
    rows: Annotated[int, typer.Option(min=4, metavar="N", help="Rows of calibration at most.")] = 32,
    length: Annotated[int, typer.Option(min=16, metavar="N", help="Tokens of each row.")] = 512,
    as_json: Json = False,
) -> None:
    """Quantize a model to EXL2, on the processor: Llama, Mistral, Qwen2 and Qwen3 up to two billion weights.

    What rounding does to each matrix is measured on texts, and bits go where they help most. OUT appears when it is
    finished; `oa model add OUT` takes it.
    """
    _need("torch", "transformers", "safetensors", "numpy")
    from oa.quant.exl2.quantizer import Job, quantize_model

    targets = _targets(bpw, output)
    is_new = len(targets) > 1 and not output.exists()
    if is_new:
        output.mkdir()
    try:
        with _showing() as tell:
            made = quantize_model(Job(model, targets, head_bits, calibration, rows, length), tell)
    except BaseException:
        if is_new and not any(output.iterdir()):
            output.rmdir()
        raise
    records = [_record(one) for one in made]
    if as_json:
        print_records(
            [{**record, "bits_of": one.bits_of} for record, one in zip(records, made, strict=True)], [], as_json=True
        )
    else:
        print_records(records, list(records[0]), as_json=False)
        print_note(f"try it: oa model add {made[0].directory}")


def _targets(bpw: str, output: Path) -> dict[float, Path]:
    try:
        wanted = sorted({float(one) for one in bpw.split(",")})
    except ValueError:
        raise InvalidSetting(f"--bpw takes numbers such as 4.0 or 3.0,4.0,6.0, not {bpw}") from None
    return {wanted[0]: output} if len(wanted) == 1 else {bits: output / f"{bits:g}bpw" for bits in wanted}


def _record(made: Made) -> Mapping[str, object]:
    return {
        "directory": made.directory,
        "asked": made.asked_bits,
        "bits": round(made.bits, 3),
        "head_bits": round(made.head_bits, 3),
        "bytes": made.size_bytes,
    }


@app.command()
def gguf(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A Llama model as transformers saves it.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The file to write.")],
    numbers: Annotated[str, typer.Option("--format", metavar="{f32|f16|q8_0}", help="How numbers are kept.")] = "q8_0",
    name: Annotated[
        str | None, typer.Option(help="What the file calls the model.", show_default="the directory's name")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a model as GGUF, which runs fast on a processor: `oa model add FILE`."""
    _need("gguf", "numpy")
    from oa.quant.gguf import NumberFormat, export_gguf

    if numbers not in list(NumberFormat):
        raise InvalidSetting(f"there is no format {numbers}: there are {', '.join(NumberFormat)}")
    if output.exists():
        raise InvalidSetting(f"{output} is there already: choose another file, or remove it")
    export_gguf(model, output, NumberFormat(numbers), name=name)
    print_record({"file": output, "format": numbers, "bytes": output.stat().st_size}, as_json=as_json)


def _need(*names: str) -> None:
    from importlib.util import find_spec

    missing = [name for name in names if find_spec(name) is None]
    if missing:
        raise NotSupported(f"this needs {', '.join(missing)}, which is not installed: pip install 'oa[train]'")


@contextmanager
def _showing() -> Generator[Callable[[str, int, int], None]]:
    """A bar on a terminal, with the time that is left; nothing in a pipe or a file."""
    if not sys.stderr.isatty():
        yield lambda _what, _done, _total: None
        return
    from rich.console import Console  # a tenth of a second, for terminals only
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        stages: dict[str, Any] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in stages:
                stages[what] = progress.add_task(what)
            progress.update(stages[what], completed=done, total=total)

        yield tell
