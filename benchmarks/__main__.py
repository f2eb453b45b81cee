"""``python -m benchmarks``: measure, print, keep in var/bench, and exit with 1 over a limit."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks import email_latency, idle_memory, read_model_latency
from benchmarks.machine import this_machine
from benchmarks.report import Result, keep, show
from benchmarks.stack import running
from benchmarks.world import World

KEPT = Path("var/bench")

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    runs: Annotated[int, typer.Option(help="Runs of each latency.", min=1)] = 5,
    seconds: Annotated[int, typer.Option(help="Length of a run.", min=1)] = 10,
) -> None:
    """Start the embedded stack on an empty folder and hold it against its limits."""
    terminal = Console()
    console = terminal if terminal.is_terminal else Console(width=110)
    results: list[Result] = []
    with running() as stack:
        machine = this_machine(stack.redis_url)
        console.print("Idle memory …")
        results += idle_memory.measure(stack)
        with World(stack) as world:
            console.print("POST to immediate e-mail …")
            mails = email_latency.Load(updates=20 * seconds, runs=runs)
            results += email_latency.measure(stack, world, mails)
            console.print("POST to effect in the other service …")
            changes = read_model_latency.Load(changes=100 * seconds, runs=runs)
            results += read_model_latency.measure(stack, world, changes)
    show(results, machine, console)
    for path in keep(results, machine, KEPT):
        console.print(f"Kept in {path}")
    raise typer.Exit(0 if all(result.holds for result in results) else 1)


if __name__ == "__main__":
    app()
