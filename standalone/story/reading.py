"""Stakeholders subscribe; windows close; each receives what they asked for, once."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from standalone.story.facts import retreat
from standalone.story.following_up import FollowUp
from standalone.story.http import (
    Mail,
    Services,
    StoryError,
    confirmation_token_in,
    eventually,
)
from standalone.story.registration import SIDE_BY_SIDE, FocalPoint
from standalone.story.script import GROUPS, READERS, Reader, Wish

NEWS_KINDS = ("immediate", "digest")

_LATE_IN, _LATE = next(
    (script, action) for script in GROUPS for action in script.actions if action.due_in_days < 0
)
"""The group with the action item that is overdue, and the action item."""


@dataclass(frozen=True)
class Told:
    """Something that readers are told: its title, and what it concerns."""

    title: str
    theme: str
    institution: str
    update_kind: str | None

    def concerns(self, wish: Wish) -> bool:
        """Whether a wish covers it."""
        return {
            "everything": True,
            "theme": wish.target == self.theme,
            "group": wish.target == self.theme,
            "institution": wish.target == self.institution,
            "update_kind": wish.target == self.update_kind,
        }[wish.kind]


def everything_told() -> list[Told]:
    """Return each update and each action item of the story."""
    return [
        *(
            Told(post.title, script.theme, post.institution, post.kind)
            for script in GROUPS
            for post in script.posts
        ),
        *(
            Told(action.title, script.theme, action.institution, None)
            for script in GROUPS
            for action in script.actions
        ),
    ]


def subscribe(
    services: Services, follow_up: FollowUp, focal_points: Mapping[str, FocalPoint]
) -> int:
    """Let the readers subscribe and confirm by the e-mail they receive; return how many did."""

    def ask(reader: Reader) -> int:
        after = 0
        for wish in reader.wishes:
            body = {
                "email": reader.address,
                "time_zone": reader.time_zone,
                "frequency": wish.frequency,
                "target": _target(wish, follow_up, focal_points),
            }

            def request(body: dict[str, Any] = body) -> dict[str, Any]:
                return services.post(f"{services.notifier}/subscriptions", body)

            asked = eventually(request, f"the notifier knows the {wish.kind} {wish.target}")
            mail = services.wait_for_mail(reader.address, "confirmation", after)
            after = mail.id
            if reader.confirms:
                services.post(
                    f"{services.notifier}/subscriptions/{asked['subscription_id']}/confirm",
                    {"token": confirmation_token_in(mail)},
                )
        return 1 if reader.confirms else 0

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        return sum(pool.map(ask, READERS))


def let_who_is_late_follow(
    services: Services, follow_up: FollowUp, focal_points: Mapping[str, FocalPoint]
) -> None:
    """Let the focal point whose action item will be overdue follow the group of it, daily."""
    body = {
        "target": {"kind": "group", "id": follow_up.groups[_LATE_IN.theme]},
        "frequency": "daily",
    }

    def ask() -> dict[str, Any]:
        token = focal_points[_LATE.institution].token
        return services.post(f"{services.notifier}/me/subscriptions", body, token)

    eventually(ask, f"the notifier knows the focal point of {_LATE.institution}")


def wait_until_told(services: Services) -> None:
    """Wait until readers of everything at once have been told everything there is."""
    for reader in READERS:
        if any(wish.frequency == "immediate" for wish in reader.wishes) and reader.confirms:
            expected = _expected(reader)

            def told(reader: Reader = reader, expected: set[str] = expected) -> bool | None:
                mails = services.mails(to=reader.address, kind="immediate")
                return _titles(mails) == expected or None

            eventually(told, f"{reader.name} has been told at once")


def close_windows(services: Services, coordinator: str) -> int:
    """Close the daily and the weekly windows; return how many digests were sent."""
    return sum(_close(services, coordinator, frequency) for frequency in ("daily", "weekly"))


def check_what_arrived(services: Services) -> int:
    """Check that each reader got what they asked for, nothing else, and nothing twice.

    Returns how many e-mails were sent at once; `StoryError` says who got what they should not.
    """
    at_once = 0
    for reader in READERS:
        mails = [mail for mail in services.mails(to=reader.address) if mail.kind in NEWS_KINDS]
        at_once += sum(mail.kind == "immediate" for mail in mails)
        expected = _expected(reader) if reader.confirms else set()
        if (got := _titles(mails)) != expected:
            raise StoryError(
                f"{reader.name} should be told of {sorted(expected)}, not of {sorted(got)}."
            )
        for title in expected:
            times = sum(mail.says(title) for mail in mails)
            if times != 1:
                raise StoryError(f"{reader.name} was told {times} times of “{title}”.")
    return at_once


def check_that_nothing_is_sent_again(services: Services, coordinator: str) -> None:
    """Close the same windows again; `StoryError` when anything is sent."""
    before = news_sent(services)
    if sent := close_windows(services, coordinator):
        raise StoryError(f"Closing the windows again sent {sent} digests.")
    if news_sent(services) != before:
        raise StoryError("Closing the windows again sent an e-mail.")


def save_a_digest(services: Services, folder: Path) -> Path:
    """Save the digest of whoever owes something as .eml, .html and .txt; return its path.

    The path is without an ending. `StoryError` when the digest doesn't begin with what is owed.
    """
    facts = {each.acronym: each for each in retreat().institutions}
    (digest,) = services.mails(to=facts[_LATE.institution].address, kind="digest")
    owed, news = digest.text.find(_LATE.title), digest.text.find(_LATE_IN.posts[0].title)
    if not 0 <= owed < news:
        raise StoryError(f"The digest should begin with “{_LATE.title}”, which is overdue.")
    stem = folder / "digest"
    for form in ("eml", "html", "txt"):
        stem.with_suffix(f".{form}").write_bytes(services.original(digest, form))
    return stem


def news_sent(services: Services) -> int:
    """Return how many e-mails with news there are.

    Others, such as letters on what a coordinator decided, leave in their own time.
    """
    return sum(len(services.mails(kind=kind)) for kind in NEWS_KINDS)


def _expected(reader: Reader) -> set[str]:
    return {
        told.title
        for told in everything_told()
        if any(told.concerns(wish) for wish in reader.wishes)
    }


def _titles(mails: list[Mail]) -> set[str]:
    return {
        told.title for told in everything_told() if any(mail.says(told.title) for mail in mails)
    }


def _target(
    wish: Wish, follow_up: FollowUp, focal_points: Mapping[str, FocalPoint]
) -> dict[str, str]:
    if wish.target is None:
        return {"kind": wish.kind}
    ids = {
        "group": lambda: follow_up.groups[str(wish.target)],
        "institution": lambda: focal_points[str(wish.target)].institution_id,
    }
    named = ids[wish.kind]() if wish.kind in ids else wish.target
    return {"kind": wish.kind, "id": named}


def _close(services: Services, coordinator: str, frequency: str) -> int:
    run = services.post(f"{services.notifier}/digest-runs", {"frequency": frequency}, coordinator)

    def done() -> dict[str, Any] | None:
        found = services.get(f"{services.notifier}/digest-runs/{run['id']}", coordinator)
        return found if found["state"] == "done" else None

    finished = eventually(done, f"the {frequency} digests are sent")
    if finished["failed"]:
        raise StoryError(f"{finished['failed']} {frequency} digests could not be sent.")
    return int(finished["sent"])
