"""Metrics, and the trace that ties a request to the events it caused.

Figures of work done by other processes (relay, consumer, worker) are read from the service's own
database when ``/metrics`` is asked, so that one address shows them all and a dead process can't
take its figures with it.
"""

import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from shared.database import Database

log = structlog.get_logger(__name__)

traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)
"""The W3C Trace Context of what this code is doing, or ``None``."""

_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def continue_trace(received: str | None) -> str:
    """Return a traceparent of our own in the received trace, or in a new one when it is bad.

    https://www.w3.org/TR/trace-context/#traceparent-header
    """
    match = _TRACEPARENT.fullmatch(received or "")
    trace = match.group(1) if match else secrets.token_hex(16)
    return f"00-{trace}-{secrets.token_hex(8)}-01"


@dataclass(frozen=True)
class Figure:
    """One gauge: its name without the prefix ``southlink_``, its meaning and its value now."""

    name: str
    help: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


def counted(
    session: Session, name: str, meaning: str, column: Any, values: Iterable[str], *where: Any
) -> Iterator[Figure]:
    """Yield for each of the values how many rows have it in the column, 0 where none has.

    The label is called as the column; ``where`` says which rows count.
    """
    found = session.exec(select(column, func.count()).where(*where).group_by(col(column))).all()
    numbers = dict(found)
    for value in values:
        yield Figure(name, meaning, numbers.get(value, 0), {column.key: value})


Collect = Callable[[Session], Iterable[Figure]]
"""Computes figures from the database."""


class StoredFigures(Collector):
    """Computes figures from the database at each scrape."""

    def __init__(self, database: Database, collects: Sequence[Collect]) -> None:
        self._database = database
        self._collects = collects

    def collect(self) -> Iterator[Metric]:
        """Yield every figure; only ``southlink_figures_readable 0`` when the database is away."""
        families: dict[str, GaugeMetricFamily] = {}
        readable = 1
        try:
            with self._database.read() as session:
                for collect in self._collects:
                    for figure in collect(session):
                        names = sorted(figure.labels)
                        family = families.setdefault(
                            figure.name,
                            GaugeMetricFamily(
                                f"southlink_{figure.name}", figure.help, labels=names
                            ),
                        )
                        family.add_metric([figure.labels[name] for name in names], figure.value)
        except SQLAlchemyError as error:
            log.warning("figures_not_readable", error=type(error).__name__)
            families, readable = {}, 0
        yield from families.values()
        yield GaugeMetricFamily(
            "southlink_figures_readable", "1 when the database answered.", value=readable
        )


class RequestMetrics:
    """Counts and times the requests of one application."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.total = Counter(
            "southlink_http_requests",
            "Requests answered.",
            ["method", "route", "status"],
            registry=registry,
        )
        self.seconds = Histogram(
            "southlink_http_request_seconds",
            "Time from the request to its answer.",
            ["method", "route"],
            registry=registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
        )

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Record one answered request; ``route`` is its template, never the raw path."""
        self.total.labels(method, route, str(status)).inc()
        self.seconds.labels(method, route).observe(seconds)
