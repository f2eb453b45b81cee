"""What a measure is given: how much to do, where to say so, and the databases that are large."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console

from benchmarks.report import Result

if TYPE_CHECKING:
    from benchmarks.large_registry import LargeRegistries


@dataclass
class Effort:
    """One call of the benchmarks; a context that stops what the measures started."""

    runs: int
    """Runs of each latency."""
    seconds: int
    """Length of a run that goes by time."""
    console: Console
    sizes: Sequence[int] = (10_000, 100_000)
    """Readers of the large runs."""
    servers: dict[str, str] = field(default_factory=dict)
    """The servers that were measured with their versions; a measure adds those it used."""
    _stack: ExitStack = field(default_factory=ExitStack)
    _large: "LargeRegistries | None" = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def large(self) -> "LargeRegistries":
        """The registry's databases with many rows, made once for all measures."""
        # Not before: the stack, whose memory is measured, has this process as its supervisor.
        from benchmarks.large_registry import LargeRegistries

        if self._large is None:
            self._large = self._stack.enter_context(LargeRegistries(self.console, self.servers))
        return self._large


Measure = Callable[[Effort], list[Result]]
