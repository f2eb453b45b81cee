"""What the terminal shows of a stack and its story."""

from rich.console import Console
from rich.table import Table

from standalone.installation import COORDINATOR_EMAIL, Installation
from standalone.memory import stack_memory
from standalone.stack import Stack
from standalone.story.bringing_together import Match
from standalone.story.telling import Summary


def show_summary(console: Console, summary: Summary, stack: Stack) -> None:
    """Show what the story made, how long its steps took, and where one digest is."""
    made = Table(title="What came of it", title_justify="left", show_header=False)
    made.add_column(justify="right")
    made.add_column()
    for figure, what in (
        (summary.institutions, "institutions verified, one after a correction"),
        (1, "duplicate rejected with its reason"),
        (summary.groups, "groups, founded at one meeting"),
        (summary.memberships, "memberships"),
        (summary.updates, "updates: initiatives, opportunities, challenges"),
        (summary.overdue, "action item overdue"),
        (summary.offers, "offers"),
        (1, "need, matched and introduced"),
        (summary.events, "events carried"),
        (summary.readers, "readers subscribed"),
        (summary.digests, "digests delivered"),
        (summary.at_once, "e-mails to those who asked to know at once"),
    ):
        made.add_row(str(figure), what)
    took = Table(title="How long it took", title_justify="left", show_header=False)
    took.add_column()
    took.add_column(justify="right")
    for what, seconds in summary.seconds.items():
        took.add_row(what, f"{seconds:.1f} s")
    took.add_row("The whole story", f"{sum(summary.seconds.values()):.1f} s", style="bold")
    console.print()
    console.print(made)
    console.print(took)
    if summary.match is not None:
        _show_match(console, summary.match)
    memory = stack_memory(stack)
    console.print(f"Memory of all {len(memory)} processes: {sum(memory.values()):.0f} MB.")
    if summary.digest is not None:
        console.print(f"One digest, as it arrived: {summary.digest}.eml, .html and .txt")


def _show_match(console: Console, match: Match) -> None:
    console.print("How the need was answered (an example)", style="italic")
    console.print(f"  {match.recipient} needs:   {match.need}")
    console.print(f"  {match.provider} offers:   {match.offer}")
    console.print(f"  It fits with {match.score:.2f}: {'; '.join(match.reasons)}.")
    console.print(f"  As a third side: {match.third_side}.")
    console.print(f"  Accepted: {match.recipient} writes to {match.introduced_to}.\n")


def show_addresses(console: Console, installation: Installation) -> None:
    """Show where everything is."""
    console.print()
    for what, url in (
        ("E-mails that were sent", installation.mail_url),
        ("Registry, API docs", f"{installation.registry_url}/docs"),
        ("Workgroups, API docs", f"{installation.workgroups_url}/docs"),
        ("Notifier, API docs", f"{installation.notifier_url}/docs"),
    ):
        console.print(f"  {what:24} {url}")
    console.print(
        f"\nSign in as the coordinator with {COORDINATOR_EMAIL}: the code comes to the e-mail page."
        "\nEvery address is made up and nothing leaves this machine. Ctrl-C stops everything."
    )
