"""From a POST of an update to the immediate e-mail that the mail catcher has taken.

Both times are of the same machine's clock: the client's before the POST's first byte, the
catcher's when it has accepted the whole message.
"""

import time
from dataclasses import dataclass
from uuid import UUID

from benchmarks.load import Answer, Sender, at_rate
from benchmarks.mailbox import Mailbox
from benchmarks.report import Result, percentiles
from benchmarks.stack import Stack
from benchmarks.world import READER, World

QUESTION = "POST to immediate e-mail"
LIMITS_MS: dict[float, float | None] = {0.5: None, 0.99: 2_000.0}


@dataclass(frozen=True)
class Load:
    """How much is sent."""

    per_second: int = 10
    updates: int = 200
    runs: int = 3


def measure(stack: Stack, world: World, load: Load) -> list[Result]:
    """Return the times of every run."""
    [institution], focal_point = world.register(1)
    world.verify(institution)
    group = world.open_group(institution)
    world.subscribe_at_once(group)
    updates = Updates(group, institution.id, focal_point)
    mailbox = Mailbox(stack.mail_url)
    try:
        runs = [
            _one_run(stack, mailbox, updates, f"Run {number}", load)
            for number in range(load.runs + 1)
        ]
    finally:
        mailbox.close()
    return percentiles(QUESTION, runs[1:], LIMITS_MS, "ms")  # the first one warmed everything


@dataclass(frozen=True)
class Updates:
    """Who posts, and where."""

    group: UUID
    institution: UUID
    caller: dict[str, str]


@dataclass(frozen=True)
class Post:
    """One update, known again by its title."""

    updates: Updates
    title: str
    sent: dict[str, float]
    """Where to note ``time.time`` of the sending."""

    def __call__(self, sender: Sender, turn: float) -> Answer:
        """Post the update."""
        body = {
            "institution_id": str(self.updates.institution),
            "kind": "initiative",
            "title": self.title,
            "text": "Measured from the post to the reader's mailbox.",
        }
        path = f"/groups/{self.updates.group}/updates"
        self.sent[self.title] = time.time()
        return sender.post(path, body, self.updates.caller, turn=turn)


def _one_run(
    stack: Stack, mailbox: Mailbox, updates: Updates, name: str, load: Load
) -> list[float]:
    sent: dict[str, float] = {}
    before = len(mailbox.letters(READER, "immediate"))
    posts = [Post(updates, f"{name} update {n:04} end", sent) for n in range(load.updates)]
    at_rate(stack.workgroups_url, posts, load.per_second)
    letters = mailbox.wait_for(READER, "immediate", before + load.updates, seconds=60)[before:]
    times = []
    for title, posted in sent.items():
        [letter] = [letter for letter in letters if title in letter.subject]
        times.append((letter.received_at - posted) * 1_000)
    return times
