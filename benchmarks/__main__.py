"""``python -m benchmarks``: measure, print, keep in var/bench, and exit with 1 over a limit."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks.effort import Effort, Measure
from benchmarks.machine import this_machine
from benchmarks.report import Result, keep, show

KEPT = Path("var/bench")

MEASURES: Mapping[str, str] = {
    "stack": "embedded_stack",
    "finding": "finding",
    "duplicates": "duplicates",
    "matching": "matching",
    "importing": "importing",
    "rebuilding": "rebuilding",
    "composing": "composing",
    "following-up": "following_up",
    "sending": "sending",
    "owing": "owing",
    "large-run": "large_run",
    "immediate-during-run": "immediate_during_run",
}
"""The module of everything that is measured, by the name that ``--only`` takes.

Each is imported when its turn comes: this process supervises the embedded stack, whose memory is
measured first, as `make up` does, which imports none of them.
"""

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def _known(names: list[str]) -> list[str]:
    for name in names:
        if name not in MEASURES:
            raise typer.BadParameter(f"There is no measure {name}: use {', '.join(MEASURES)}.")
    return names


def _sizes(text: str) -> str:
    for size in text.split(","):
        if not size.isdecimal() or int(size) == 0:
            raise typer.BadParameter("Write numbers of readers, such as 10000,100000,1000000.")
    return text


@app.command()
def main(
    runs: Annotated[int, typer.Option(help="Runs of each latency.", min=1)] = 5,
    seconds: Annotated[int, typer.Option(help="Length of a run of the stack.", min=1)] = 10,
    sizes: Annotated[
        str,
        typer.Option(help="Readers of the large runs, with commas between.", callback=_sizes),
    ] = "10000,100000",
    only: Annotated[
        list[str] | None,
        typer.Option(
            help=f"Measure only this; may be given twice. One of {', '.join(MEASURES)}.",
            callback=lambda names: _known(names or []),
        ),
    ] = None,
) -> None:
    """Measure how fast and how big Southlink is, and hold it against its limits."""
    terminal = Console()
    console = terminal if terminal.is_terminal else Console(width=110)
    results: list[Result] = []
    readers = sorted({int(size) for size in sizes.split(",")})
    with Effort(runs, seconds, console, readers) as effort:
        for name in only or MEASURES:
            measure: Measure = import_module(f"benchmarks.{MEASURES[name]}").measure
            results += measure(effort)
        machine = this_machine(effort.servers)
    show(results, machine, console)
    for path in keep(results, machine, KEPT):
        console.print(f"Kept in {path}")
    raise typer.Exit(0 if all(result.holds for result in results) else 1)


if __name__ == "__main__":
    app()
