"""Stories: notices told in sentences, gathered under the headings of an e-mail."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.notifier.tables import Notice
from services.notifier.vocabulary import NoticeKind

ACROSS_GROUPS = "Across the groups"
NEW_PARTNERS = "New partners"


@dataclass(frozen=True)
class Story:
    """One item of an e-mail, for people."""

    label: str
    """What sort of thing it is: ``Opportunity``."""
    headline: str
    byline: str
    """Who, when, where, in one line; may be empty."""
    weight: int
    """The smaller, the sooner a reader should see it."""
    text: str = ""
    points: Sequence[str] = field(default_factory=tuple)
    numbered: bool = False
    """Whether people refer to the points by number."""
    summary: str = ""
    """How to name it in a subject line; the headline when empty."""

    @property
    def subject(self) -> str:
        """The story in a subject line."""
        return self.summary or f"{self.label}: {self.headline}"


@dataclass(frozen=True)
class Part:
    """The stories of one group; those of no group have no title."""

    title: str | None
    stories: list[Story]


@dataclass(frozen=True)
class Section:
    """The stories of one theme."""

    title: str
    parts: list[Part]

    @property
    def stories(self) -> list[Story]:
        """All its stories."""
        return [story for part in self.parts for story in part.stories]


def sections(notices: Iterable[Notice], today: date) -> list[Section]:
    """Gather notices by theme and group: what matters most comes first, partners last."""
    gathered: dict[str, dict[str | None, list[Notice]]] = {}
    for notice in notices:
        gathered.setdefault(_heading(notice), {}).setdefault(notice.group_title, []).append(notice)
    found = [
        Section(
            title=heading,
            parts=[
                Part(title, _stories(of_group, today))
                for title, of_group in sorted(groups.items(), key=lambda each: each[0] or "")
            ],
        )
        for heading, groups in gathered.items()
    ]
    return sorted(found, key=_rank)


def long_date(day: date) -> str:
    """Return the date in words: ``15 December 2020``."""
    return f"{day.day} {day:%B %Y}"


def listed(names: Sequence[str]) -> str:
    """Return the names in a sentence: ``FAO, ILO and WFP``."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def counted(number: int, one: str, many: str) -> str:
    """Return the number with its noun: ``1 update``, ``2 updates``."""
    return f"{number} {one if number == 1 else many}"


def _heading(notice: Notice) -> str:
    if notice.kind is NoticeKind.INSTITUTION_VERIFIED:
        return NEW_PARTNERS
    return notice.theme_title or ACROSS_GROUPS


def _rank(section: Section) -> tuple[bool, int, str]:
    best = min(story.weight for story in section.stories)
    return (section.title == NEW_PARTNERS, best, section.title)


def _stories(notices: list[Notice], today: date) -> list[Story]:
    """Tell each notice, and those of the sort that only names an institution together."""
    together: dict[NoticeKind, list[Notice]] = {}
    told = []
    for notice in notices:
        if notice.kind in _TOGETHER:
            together.setdefault(notice.kind, []).append(notice)
        else:
            told.append(_ALONE[notice.kind](notice, today))
    told.extend(_TOGETHER[kind](of_kind) for kind, of_kind in together.items())
    return sorted(told, key=lambda story: story.weight)


def _update(notice: Notice, _today: date) -> Story:
    facts = notice.facts
    return Story(
        label=str(facts["kind"]).capitalize(),
        headline=facts["title"],
        byline=f"{facts['institution_name']}, {long_date(notice.occurred_at.date())}",
        text=facts["text"],
        weight=_UPDATE_WEIGHTS.get(facts["kind"], 6),
        summary=f"{_short(facts)}: {facts['title']}",
    )


def _meeting(notice: Notice, _today: date) -> Story:
    facts = notice.facts
    attendance = (
        ("in person", facts["participants_in_person"]),
        ("online", facts["participants_online"]),
    )
    attended = [f"{number} {how}" for how, number in attendance if number]
    about = [long_date(date.fromisoformat(facts["date"])), facts.get("place") or ""]
    if attended:
        about.append(f"participants: {listed(attended)}")
    points = [point["text"] for point in facts["agreed_points"]]
    agreed = counted(len(points), "point was agreed", "points were agreed") if points else ""
    groups = listed([group["title"] for group in facts["groups"]])
    return Story(
        label="Meeting",
        headline=facts["title"],
        byline=" · ".join(filter(None, about)),
        text=f"A meeting of {groups}." + (f" {agreed}:" if points else ""),
        points=points,
        numbered=True,
        weight=2,
    )


def _assigned(notice: Notice, today: date) -> Story:
    action = notice.facts["action"]
    return Story(
        label=f"Action item {action['number']}",
        headline=action["title"],
        byline=f"{action['institution_name']} answers for it · {_due(action, today)}",
        weight=3,
        summary=f"New action item for {_short(action)}: {action['title']}",
    )


def _changed(notice: Notice, today: date) -> Story:
    action = notice.facts["action"]
    state = _STATES.get(action["state"], action["state"])
    over = action["state"] in ("done", "cancelled")
    due = "" if over else f" · {_due(action, today)}"
    return Story(
        label=f"Action item {action['number']}, {state}",
        headline=action["title"],
        byline=f"{action['institution_name']}{due}",
        weight=4,
        summary=f"{_short(action)}, {state}: {action['title']}",
    )


def _opened(notice: Notice, _today: date) -> Story:
    group = notice.facts["group"]
    return Story(
        label="New group",
        headline=group["title"],
        byline=f"Opened on {long_date(notice.occurred_at.date())}",
        text=group["purpose"],
        weight=5,
    )


def _archived(notice: Notice, _today: date) -> Story:
    return Story(
        label="Group closed",
        headline=notice.facts["group"]["title"],
        byline=f"Closed on {long_date(notice.occurred_at.date())}",
        weight=5,
    )


def _reopened(notice: Notice, _today: date) -> Story:
    return Story(
        label="Group open again",
        headline=notice.facts["group"]["title"],
        byline=f"Opened again on {long_date(notice.occurred_at.date())}",
        weight=5,
    )


def _joined(notices: list[Notice]) -> Story:
    names = [_short(notice.facts) for notice in notices]
    return Story(
        label="New member" if len(names) == 1 else "New members",
        headline=f"{listed(names)} joined the group",
        byline="",
        weight=8,
        summary=f"{_some(names)} joined {notices[0].group_title}",
    )


def _left(notices: list[Notice]) -> Story:
    names = [_short(notice.facts) for notice in notices]
    return Story(
        label="Members",
        headline=f"{listed(names)} left the group",
        byline="",
        weight=9,
        summary=f"{_some(names)} left {notices[0].group_title}",
    )


def _partners(notices: list[Notice]) -> Story:
    institutions = [notice.facts["institution"] for notice in notices]
    names = [each["acronym"] or each["name"] for each in institutions]
    return Story(
        label="Verified",
        headline=counted(
            len(names), "institution is a partner now", "institutions are partners now"
        ),
        byline="",
        points=[
            f"{each['name']} ({each['acronym']})" if each["acronym"] else each["name"]
            for each in institutions
        ],
        weight=7,
        summary=f"{_some(names)} joined Southlink",
    )


_ALONE: dict[NoticeKind, Callable[[Notice, date], Story]] = {
    NoticeKind.UPDATE_POSTED: _update,
    NoticeKind.MEETING_RECORDED: _meeting,
    NoticeKind.ACTION_ITEM_ASSIGNED: _assigned,
    NoticeKind.ACTION_ITEM_CHANGED: _changed,
    NoticeKind.GROUP_OPENED: _opened,
    NoticeKind.GROUP_ARCHIVED: _archived,
    NoticeKind.GROUP_REOPENED: _reopened,
}

_TOGETHER: dict[NoticeKind, Callable[[list[Notice]], Story]] = {
    NoticeKind.MEMBER_JOINED: _joined,
    NoticeKind.MEMBER_LEFT: _left,
    NoticeKind.INSTITUTION_VERIFIED: _partners,
}

_UPDATE_WEIGHTS = {
    "opportunity": 0,
    "challenge": 1,
    "decision": 2,
    "initiative": 4,
    "resource": 5,
    "news": 6,
}

_STATES = {
    "open": "open",
    "in_progress": "in progress",
    "blocked": "blocked",
    "done": "done",
    "cancelled": "cancelled",
}


def _due(action: dict[str, Any], today: date) -> str:
    due = date.fromisoformat(action["due_date"])
    if due < today:
        return f"overdue since {long_date(due)}"
    return "due today" if due == today else f"due {long_date(due)}"


def _short(facts: dict[str, Any]) -> str:
    name: str = facts["institution_acronym"] or facts["institution_name"]
    return name


def _some(names: Sequence[str]) -> str:
    if len(names) <= 3:
        return listed(names)
    return f"{names[0]}, {names[1]} and {len(names) - 2} more"
