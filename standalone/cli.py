"""``southlink``: the whole system on one machine, and the command lines of its services."""

import importlib
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from standalone.stack import Stack

app = typer.Typer(
    help="Follow-up for South-South and triangular cooperation.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console(highlight=False, soft_wrap=True)

Data = Annotated[Path, typer.Option(help="The folder of its databases, e-mails and logs.")]
TOLD = "story-told"


@app.command()
def demo(data: Data = Path("var/demo")) -> None:
    """Tell the founding story on an empty stack, show what came of it, and stop everything."""
    from standalone.report import show_summary
    from standalone.stack import empty, running
    from standalone.story.telling import tell

    with _said_plainly(), _stopped_by_signals():
        started = time.monotonic()
        console.print("Starting Southlink …")
        empty(data)
        with running(data) as stack:
            console.print(f"  up in {time.monotonic() - started:.1f} s")
            summary = tell(stack.installation, data, lambda what: console.print(f"{what} …"))
            show_summary(console, summary, stack)
        console.print(f"Everything is stopped again. All of it took {_since(started)}.")


@app.command()
def up(data: Data = Path("var/up")) -> None:
    """Start the stack with the story told on it, and keep it up until Ctrl-C."""
    from standalone.report import show_addresses
    from standalone.stack import empty, running
    from standalone.story.telling import tell

    with _said_plainly(), _stopped_by_signals() as stop:
        told = data / TOLD
        if not told.exists():
            # What a story that broke off left behind can't be told on.
            empty(data)
        console.print("Starting Southlink …")
        with running(data) as stack:
            if told.exists():
                console.print("The data of last time is there again.")
            else:
                tell(stack.installation, data, lambda what: console.print(f"{what} …"))
                told.touch()
            show_addresses(console, stack.installation)
            _wait(stack, stop)
            console.print("Stopping …")
        console.print("Southlink is stopped; its data stays in " + str(data))


def _wait(stack: "Stack", stop: threading.Event) -> None:
    try:
        while not stop.wait(0.2):
            stack.check()
    except KeyboardInterrupt:
        return


def _since(started: float) -> str:
    return f"{time.monotonic() - started:.1f} s"


@contextmanager
def _stopped_by_signals() -> Iterator[threading.Event]:
    """Yield an event that Ctrl-C or SIGTERM sets; before the wait they break off the work."""
    stop = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            return
        stop.set()
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
    yield stop


@contextmanager
def _said_plainly() -> Iterator[None]:
    """End with a sentence, never with a traceback, when the stack or the story can't go on."""
    from standalone.installation import NoFreePortError
    from standalone.stack import AlreadyUpError
    from standalone.story.http import StoryError
    from standalone.supervisor import ProcessFailedError

    try:
        yield
    except KeyboardInterrupt:
        console.print("Southlink is stopped.")
    except (AlreadyUpError, NoFreePortError, ProcessFailedError, StoryError, OSError) as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(f"{error}", markup=False)
        raise typer.Exit(1) from None


def _service(name: str, summary: str) -> None:
    @app.command(
        name,
        help=summary,
        add_help_option=False,
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )
    def run(context: typer.Context) -> None:
        module = importlib.import_module(f"services.{name}.__main__")
        sys.argv = [f"southlink {name}", *context.args]
        module.app()


for _name, _summary in (
    ("registry", "The registry's own commands; they take its settings from the environment."),
    ("workgroups", "The commands of workgroups."),
    ("notifier", "The notifier's commands."),
):
    _service(_name, _summary)


if __name__ == "__main__":
    app()
