"""``python -m benchmarks.duplicate_names``: how many planted duplicates are found, how many not.

Registers 1,200 real names, asks for variants of them and for 400 names that are not registered,
through the same function as ``POST /duplicates/check``, and prints precision and recall for each
kind of variant at the two scores that matter. No country, acronym or website helps.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table
from sqlmodel import Session

from benchmarks.planted_variants import KINDS, REGISTERED, names, source, variants
from services.registry.duplicates import make_missing_keys, public_duplicates
from services.registry.likeness import BLOCKS, WARNS, Features
from services.registry.settings import SERVICE
from services.registry.tables import Institution
from shared.columns import utc_now
from shared.comparison import comparison_key
from shared.database import Database
from shared.migration import upgrade

NEW = "not registered"


@dataclass
class Outcome:
    """What was found for the variants of one kind."""

    asked: int = 0
    right: dict[float, int] = field(default_factory=lambda: {WARNS: 0, BLOCKS: 0})
    """By score: how many originals were found with it."""
    wrong: dict[float, int] = field(default_factory=lambda: {WARNS: 0, BLOCKS: 0})
    """By score: how many other institutions were found with it."""
    missed: list[tuple[float, str, str]] = field(default_factory=list)
    """Originals with less than a warning: score, variant, original."""
    mistaken: list[tuple[float, str, str]] = field(default_factory=list)
    """The other institutions: score, variant, what was found."""

    def recall(self, score: float) -> float:
        """Return the share of originals that were found."""
        return self.right[score] / self.asked if self.asked else 1.0

    def precision(self, score: float) -> float:
        """Return the share of what was found that was right."""
        found = self.right[score] + self.wrong[score]
        return self.right[score] / found if found else 1.0


def measure() -> dict[str, Outcome]:
    """Return the outcome of each kind of variant, and of names that are not registered."""
    with _registered() as (session, ids):
        outcomes = {
            kind: _ask(session, ids, [(ids[place], name) for place, name in variants(kind)])
            for kind in KINDS
        }
        new = [(None, known.name) for known in names()[REGISTERED:]]
        outcomes[NEW] = _ask(session, ids, new)
    return outcomes


def _ask(
    session: Session, ids: Sequence[UUID], asked: Sequence[tuple[UUID | None, str]]
) -> Outcome:
    outcome = Outcome(asked=len(asked))
    written = {each: names()[place].name for place, each in enumerate(ids)}
    for original, variant in asked:
        best = 0.0
        for found in public_duplicates(session, Features(names=(variant,))):
            score = found.likeness.score
            right = found.institution.id == original
            best = max(best, score) if right else best
            for limit in (WARNS, BLOCKS):
                if score >= limit:
                    (outcome.right if right else outcome.wrong)[limit] += 1
            if not right:
                outcome.mistaken.append((score, variant, found.institution.name))
        if original is not None and best < WARNS:
            outcome.missed.append((best, variant, written[original]))
    return outcome


@contextmanager
def _registered() -> Iterator[tuple[Session, list[UUID]]]:
    with tempfile.TemporaryDirectory(prefix="sl-") as folder:
        database = Database(f"sqlite:///{Path(folder) / 'registry.db'}")
        upgrade(database, SERVICE.migrations)
        with database.write() as session:
            rows = [
                Institution(
                    name=known.name,
                    name_key=comparison_key(known.name),
                    organisation_type="80",
                    status="verified",
                )
                for known in names()[:REGISTERED]
            ]
            session.add_all(rows)
            session.flush()
            while make_missing_keys(session, utc_now()):
                pass
            yield session, [row.id for row in rows]
        database.close()


def show(outcomes: dict[str, Outcome], console: Console, worst: int) -> None:
    """Print the figures, and the worst misses and mistakes."""
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for heading in ("asked", "recall 0.5", "recall 0.9", "precision 0.5", "precision 0.9"):
        table.add_column(heading, justify="right")
    planted = [outcome for kind, outcome in outcomes.items() if kind != NEW]
    every = Outcome(
        asked=sum(each.asked for each in planted),
        right={score: sum(each.right[score] for each in planted) for score in (WARNS, BLOCKS)},
        wrong={score: sum(each.wrong[score] for each in planted) for score in (WARNS, BLOCKS)},
    )
    for kind, outcome in {**outcomes, "[bold]all variants[/]": every}.items():
        if kind == NEW:
            continue
        table.add_row(
            kind,
            f"{outcome.asked:,}",
            *(f"{outcome.recall(score):.3f}" for score in (WARNS, BLOCKS)),
            *(f"{outcome.precision(score):.3f}" for score in (WARNS, BLOCKS)),
        )
    console.print(f"{REGISTERED:,} registered. {source()}")
    console.print(table)
    new = outcomes[NEW]
    console.print(
        f"Of {new.asked} names that are not registered, {new.wrong[BLOCKS]} institutions were "
        f"found with 0.9 or more and {new.wrong[WARNS]} with 0.5 or more."
    )
    for title, found in (
        ("Missed", sorted(miss for outcome in planted for miss in outcome.missed)),
        ("Mistaken", sorted((m for o in outcomes.values() for m in o.mistaken), reverse=True)),
    ):
        console.print(f"\n{title} ({len(found)}), the worst first:", style="bold")
        # One of each institution is enough to see what goes wrong.
        once: dict[str, tuple[float, str, str]] = {}
        for each in found:
            once.setdefault(each[2], each)
        for score, variant, name in list(once.values())[:worst]:
            console.print(f"  {score:.2f}  {variant}  |  {name}", markup=False, highlight=False)


def main(
    worst: int = typer.Option(10, help="How many misses and mistakes to show.", min=0),
) -> None:
    """Print how well planted duplicates are found."""
    terminal = Console()
    show(measure(), terminal if terminal.is_terminal else Console(width=160), worst)


if __name__ == "__main__":
    typer.run(main)
