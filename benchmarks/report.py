"""Figures over several runs, held against their limits: printed and kept."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks.machine import Machine


@dataclass(frozen=True)
class Result:
    """One figure: its value in each run and the limit that it must stay under."""

    question: str
    figure: str
    unit: str
    limit: float | None
    """``None`` for a figure that explains another."""
    runs: tuple[float, ...]
    samples: int
    """How many measurements each run's value is made of."""

    @property
    def value(self) -> float:
        """The median over the runs."""
        return median(self.runs)

    @property
    def holds(self) -> bool:
        """Whether every run, not only the median, is under the limit."""
        return self.limit is None or max(self.runs) < self.limit


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that ``share`` (0 to 1) of all values don't exceed."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)]


def percentiles(
    question: str, runs: Sequence[Sequence[float]], limits: dict[float, float | None], unit: str
) -> list[Result]:
    """Return one result for each share in ``limits``, such as ``{0.5: 30, 0.99: 150}``."""
    return [
        Result(
            question=question,
            figure=f"p{share * 100:g}",
            unit=unit,
            limit=limit,
            runs=tuple(percentile(run, share) for run in runs),
            samples=min(len(run) for run in runs),
        )
        for share, limit in limits.items()
    ]


def show(results: Sequence[Result], machine: Machine, console: Console) -> None:
    """Print the results as a table, with the machine they hold for."""
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for heading in ("median", "over the runs", "limit", "of the limit", "runs x samples"):
        table.add_column(heading, justify="right")
    for question in dict.fromkeys(result.question for result in results):
        table.add_row(f"[bold]{question}[/]")
        for result in (result for result in results if result.question == question):
            table.add_row(
                f"  {result.figure}",
                f"{result.value:,.1f} {result.unit}",
                f"{min(result.runs):,.1f} to {max(result.runs):,.1f}",
                _limit(result),
                _ratio(result),
                f"{len(result.runs)} x {result.samples:,}",
            )
    console.print(table)
    console.print(
        f"{machine.cores} cores, {machine.memory_gib:.0f} GiB. " + machine.versions_line()
    )


def _limit(result: Result) -> str:
    if result.limit is None:
        return ""
    return f"{result.limit:,.1f}".removesuffix(".0") + f" {result.unit}"


def _ratio(result: Result) -> str:
    if result.limit is None:
        return ""
    ratio = f"{result.value / result.limit:.2f}"
    return ratio if result.holds else f"[bold red]{ratio} OVER[/]"


def keep(results: Sequence[Result], machine: Machine, folder: Path) -> list[Path]:
    """Write the results of each question as JSON into ``folder``; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for question in dict.fromkeys(result.question for result in results):
        path = folder / f"{''.join(c if c.isalnum() else '-' for c in question.lower())}.json"
        content = {
            "machine": asdict(machine),
            "results": [
                asdict(result) | {"median": result.value, "holds": result.holds}
                for result in results
                if result.question == question
            ],
        }
        path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        written.append(path)
    return written
