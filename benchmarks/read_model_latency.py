"""From a POST to the registry to its effect committed in workgroups' read model.

Coordinator and focal point send registrations back and forth (``return``, ``submit``) at a fixed
rate. The clock starts before the POST's first byte is sent, so the figure holds the POST itself
too, and stops when the consumer's position in workgroups' database is seen past its event.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.checkpoint_watch import watching
from benchmarks.load import Act, Answer, Sender, achieved_rate, at_rate
from benchmarks.report import Result, percentiles
from benchmarks.stack import Stack
from benchmarks.world import Registered, World

QUESTION = "POST to effect in the other service"
LIMITS_MS: dict[float, float | None] = {0.5: 30.0, 0.99: 150.0}
SOURCE = "/registry"


@dataclass(frozen=True)
class Load:
    """How much is sent."""

    per_second: int = 100
    changes: int = 1_000
    runs: int = 5
    institutions: int = 100


def measure(stack: Stack, world: World, load: Load) -> list[Result]:
    """Return the times of every run, and how far they can be trusted."""
    institutions, focal_point = world.register(load.institutions)
    after_post, after_answer, rates, blind = [], [], [], []
    _one_run(stack, world, focal_point, institutions, load)  # caches and connections warm
    for _ in range(load.runs):
        run = _one_run(stack, world, focal_point, institutions, load)
        after_post.append(run.after_post)
        after_answer.append(run.after_answer)
        rates.append(run.rate)
        blind.append(run.widest_gap)
    return [
        *percentiles(QUESTION, after_post, LIMITS_MS, "ms"),
        *percentiles(f"{QUESTION}, from the answer", after_answer, {0.5: None, 0.99: None}, "ms"),
        Result(QUESTION, "rate reached", "a second", None, tuple(rates), load.changes),
        Result(QUESTION, "seen late by at most", "ms", None, tuple(blind), load.changes),
    ]


@dataclass(frozen=True)
class Run:
    """One run: milliseconds of each change, and what it was measured with."""

    after_post: list[float]
    after_answer: list[float]
    rate: float
    widest_gap: float


def _one_run(
    stack: Stack,
    world: World,
    focal_point: dict[str, str],
    institutions: list[Registered],
    load: Load,
) -> Run:
    acts = _changes(world.coordinator, focal_point, institutions, load.changes)
    with watching(stack.database("workgroups"), SOURCE) as watch:
        answers = at_rate(stack.registry_url, acts, load.per_second)
        positions = _positions(stack, answers)
        seen = watch.until(max(positions.values()), seconds=30)
    committed = [seen.at(positions[_change(answer)]) for answer in answers]
    pairs = list(zip(committed, answers, strict=True))
    return Run(
        after_post=[(at - answer.sent) * 1_000 for at, answer in pairs],
        after_answer=[max(0.0, at - answer.answered) * 1_000 for at, answer in pairs],
        rate=achieved_rate(answers),
        widest_gap=seen.widest_gap * 1_000,
    )


def _changes(
    coordinator: dict[str, str],
    focal_point: dict[str, str],
    institutions: list[Registered],
    count: int,
) -> Iterator[Act]:
    """Yield changes of every institution in turn."""
    for number in range(count):
        yield Change(institutions[number % len(institutions)], coordinator, focal_point)


@dataclass(frozen=True)
class Change:
    """A registration is returned when it is submitted, and submitted when it is returned."""

    institution: Registered
    coordinator: dict[str, str]
    focal_point: dict[str, str]

    def __call__(self, sender: Sender, turn: float) -> Answer:
        """Take the step on the newest version."""
        known = self.institution
        if known.status == "submitted":
            step, body, caller = "return", {"reason": "Measured."}, self.coordinator
        else:
            step, body, caller = "submit", {}, self.focal_point
        answer = sender.post(
            f"/institutions/{known.id}/{step}",
            body,
            {**caller, "If-Match": f'"{known.version}"'},
            turn=turn,
        )
        known.version, known.status = answer.body["version"], answer.body["status"]
        return answer


def _change(answer: Answer) -> tuple[str, int]:
    return f"institutions/{answer.body['id']}", answer.body["version"]


def _positions(stack: Stack, answers: list[Answer]) -> dict[tuple[str, int], int]:
    """Return the position of each change's event, once the relay has numbered all."""
    wanted = {_change(answer) for answer in answers}

    def numbered() -> dict[tuple[str, int], int]:
        found = _numbered(stack.database("registry")).items()
        positions = {change: position for change, position in found if change in wanted}
        if len(positions) < len(wanted):
            raise RuntimeError(f"{len(wanted) - len(positions)} events have no position.")
        return positions

    return stack.eventually(numbered, "every event has its position")


def _numbered(database: Path) -> dict[tuple[str, int], int]:
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        rows = connection.execute(
            "SELECT subject, json_extract(event, '$.data.institution.version'), position"
            " FROM outbox WHERE position IS NOT NULL AND type LIKE '%.institution.%'"
        ).fetchall()
    finally:
        connection.close()
    return {(subject, version): position for subject, version, position in rows}
