"""The whole story, step by step, with what came of it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from standalone.installation import Installation
from standalone.story import bringing_together, following_up, reading, registration
from standalone.story.bringing_together import Match
from standalone.story.http import Services


@dataclass
class Summary:
    """What the story made."""

    institutions: int = 0
    groups: int = 0
    memberships: int = 0
    updates: int = 0
    overdue: int = 0
    offers: int = 0
    match: Match | None = None
    readers: int = 0
    events: int = 0
    digests: int = 0
    at_once: int = 0
    """E-mails that told of one thing as soon as it happened."""
    digest: Path | None = None
    """One digest, saved with the endings .eml, .html and .txt."""
    seconds: dict[str, float] = field(default_factory=dict)
    """How long each step took."""


Say = Callable[[str], None]


def tell(installation: Installation, folder: Path, say: Say) -> Summary:
    """Tell the story on an empty installation; save a digest in ``folder``.

    ``say`` is told of each step as it begins. Raises `StoryError` when anything is not as it
    should be.
    """
    services = Services(installation)
    summary = Summary()

    @contextmanager
    def step(what: str) -> Iterator[None]:
        say(what)
        started = time.monotonic()
        yield
        summary.seconds[what] = time.monotonic() - started

    try:
        with step("Fifteen institutions register and confirm their addresses"):
            focal_points = registration.register_all(services)
            twin = registration.register_duplicate(services)
        with step("The coordinator verifies them, returns one and rejects a duplicate"):
            coordinator = registration.coordinator_token(services)
            registration.verify_all(services, coordinator, focal_points, twin)
            registration.wait_until_known(services, focal_points)
        with step("Three groups open, and the retreat is recorded as their founding meeting"):
            follow_up = following_up.open_groups(services, coordinator, focal_points)
        with step("Readers in eight time zones subscribe and confirm"):
            summary.readers = reading.subscribe(services, follow_up, focal_points)
            reading.let_who_is_late_follow(services, follow_up, focal_points)
        with step("Institutions join, post what they do, offer and ask, and take on actions"):
            summary.memberships = following_up.join(services, follow_up, focal_points)
            summary.updates = following_up.post_updates(services, follow_up, focal_points)
            summary.overdue = following_up.assign_actions(
                services, coordinator, follow_up, focal_points
            )
        with step("A need meets an offer, and both sides are introduced to each other"):
            summary.offers = bringing_together.publish_offers(services, focal_points)
            summary.match = bringing_together.answer_the_need(services, focal_points)
        with step("Those who asked to know at once are told"):
            reading.wait_until_told(services)
        with step("The digest windows close, and each reader gets what they asked for"):
            summary.digests = reading.close_windows(services, coordinator)
            summary.at_once = reading.check_what_arrived(services)
        with step("The windows close again, and nothing is sent twice"):
            reading.check_that_nothing_is_sent_again(services, coordinator)
        summary.institutions = len(focal_points)
        summary.groups = len(follow_up.groups)
        summary.events = int(
            services.figure(services.registry, "events_total")
            + services.figure(services.workgroups, "events_total")
        )
        summary.digest = reading.save_a_digest(services, folder)
    finally:
        services.close()
    return summary
