"""Stories: notices told in sentences of the reader's language; their content stays in its own."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.notifier.languages import direction
from services.notifier.tables import Notice
from services.notifier.vocabulary import NoticeKind
from services.notifier.wording import Wording

LISTED = 20
"""Names in one story; further ones are counted."""


@dataclass(frozen=True)
class Content:
    """A text that somebody wrote, in whatever language."""

    text: str
    language: str | None = None
    """BCP 47, where it is known."""

    @property
    def direction(self) -> str:
        """``rtl`` or ``ltr``: that of the language, else of the first letter that has one."""
        if self.language:
            return direction(self.language.partition("-")[0])
        for letter in self.text:
            kind = unicodedata.bidirectional(letter)
            if kind in {"L", "R", "AL"}:
                return "ltr" if kind == "L" else "rtl"
        return "ltr"


@dataclass(frozen=True)
class Story:
    """One item of an e-mail, for people."""

    label: str
    """What sort of thing it is: ``Opportunity``."""
    headline: Content
    byline: str
    """Who, when, where, in one line; may be empty."""
    weight: int
    """The smaller, the sooner a reader should see it."""
    lead: str = ""
    """A sentence in the reader's language before the text."""
    text: Content = Content("")
    points: Sequence[Content] = field(default_factory=tuple)
    numbered: bool = False
    """Whether people refer to the points by number."""
    summary: str = ""
    """How to name it in a subject line."""


def tell(notice: Notice, words: Wording, today: date) -> Story:
    """Tell a notice to a reader whose local date is ``today``."""
    return _ALONE[notice.kind](notice, words, today)


def tell_together(
    kind: NoticeKind, institutions: Sequence["Named"], group: str | None, words: Wording
) -> Story:
    """Tell notices that only name an institution in one story."""
    return _TOGETHER[kind](institutions, group or "", words)


def is_told_together(kind: NoticeKind) -> bool:
    """Tell whether notices of this kind make one story, those of one group."""
    return kind in _TOGETHER


def due_on(notice: Notice) -> date | None:
    """Return the day by which what the notice tells of must be done, while it must."""
    action = notice.facts.get("action")
    if not action or action["state"] in _OVER:
        return None
    return date.fromisoformat(action["due_date"])


@dataclass(frozen=True)
class Named:
    """An institution's name and acronym."""

    name: str
    acronym: str | None

    @classmethod
    def of(cls, notice: Notice) -> "Named":
        """Return the institution that the notice names."""
        facts = notice.facts.get("institution")
        if facts:
            return cls(facts["name"], facts["acronym"])
        return cls(notice.facts["institution_name"], notice.facts["institution_acronym"])

    @property
    def short(self) -> str:
        """The acronym, or the name of those without."""
        return self.acronym or self.name

    @property
    def whole(self) -> str:
        """The name, with the acronym if there is one."""
        return f"{self.name} ({self.acronym})" if self.acronym else self.name


def _update(notice: Notice, words: Wording, _today: date) -> Story:
    facts = notice.facts
    language = facts.get("language")
    return Story(
        label=_sort(facts["kind"], words),
        headline=Content(facts["title"], language),
        byline=words.gettext("%(institution)s, %(date)s")
        % {
            "institution": words.name(facts["institution_name"]),
            "date": words.long_date(notice.occurred_at.date()),
        },
        text=Content(facts["text"], language),
        weight=_UPDATE_WEIGHTS.get(facts["kind"], 6),
        summary=_by(facts, facts["title"], words),
    )


def _meeting(notice: Notice, words: Wording, _today: date) -> Story:
    facts = notice.facts
    attended = []
    if facts["participants_in_person"]:
        attended.append(
            words.gettext("%(number)d in person") % {"number": facts["participants_in_person"]}
        )
    if facts["participants_online"]:
        attended.append(
            words.gettext("%(number)d online") % {"number": facts["participants_online"]}
        )
    about = [
        words.long_date(date.fromisoformat(facts["date"])),
        words.name(facts.get("place") or ""),
    ]
    if attended:
        about.append(
            words.gettext("participants: %(attended)s") % {"attended": words.listed(attended)}
        )
    points = [Content(point["text"]) for point in facts["agreed_points"]]
    groups = words.listed([words.name(group["title"]) for group in facts["groups"]])
    lead = [words.gettext("A meeting of %(groups)s.") % {"groups": groups}]
    if points:
        lead.append(
            words.ngettext(
                "%(number)d point was agreed:", "%(number)d points were agreed:", len(points)
            )
            % {"number": len(points)}
        )
    label = words.gettext("Meeting")
    return Story(
        label=label,
        headline=Content(facts["title"]),
        byline=" · ".join(filter(None, about)),
        lead=" ".join(lead),
        points=points,
        numbered=True,
        weight=2,
        summary=_labelled(label, facts["title"], words),
    )


def _assigned(notice: Notice, words: Wording, today: date) -> Story:
    action = notice.facts["action"]
    answers = words.gettext("%(institution)s answers for it") % {
        "institution": words.name(action["institution_name"])
    }
    return Story(
        label=words.gettext("Action item %(number)d") % {"number": action["number"]},
        headline=Content(action["title"]),
        byline=f"{answers} · {_due(action, words, today)}",
        weight=3,
        summary=words.gettext("New action item for %(institution)s: %(title)s")
        % {"institution": words.name(_short(action)), "title": words.name(action["title"])},
    )


def _changed(notice: Notice, words: Wording, today: date) -> Story:
    action = notice.facts["action"]
    state = _state(action["state"], words)
    due = "" if action["state"] in _OVER else f" · {_due(action, words, today)}"
    return Story(
        label=words.gettext("Action item %(number)d, %(state)s")
        % {"number": action["number"], "state": state},
        headline=Content(action["title"]),
        byline=f"{words.name(action['institution_name'])}{due}",
        weight=4,
        summary=words.gettext("%(institution)s, %(state)s: %(title)s")
        % {
            "institution": words.name(_short(action)),
            "state": state,
            "title": words.name(action["title"]),
        },
    )


def _opened(notice: Notice, words: Wording, _today: date) -> Story:
    group = notice.facts["group"]
    label = words.gettext("New group")
    return Story(
        label=label,
        headline=Content(group["title"]),
        byline=words.gettext("Opened on %(date)s") % _day(notice, words),
        text=Content(group["purpose"]),
        weight=5,
        summary=_labelled(label, group["title"], words),
    )


def _archived(notice: Notice, words: Wording, _today: date) -> Story:
    label, title = words.gettext("Group closed"), notice.facts["group"]["title"]
    return Story(
        label=label,
        headline=Content(title),
        byline=words.gettext("Closed on %(date)s") % _day(notice, words),
        weight=5,
        summary=_labelled(label, title, words),
    )


def _reopened(notice: Notice, words: Wording, _today: date) -> Story:
    label, title = words.gettext("Group open again"), notice.facts["group"]["title"]
    return Story(
        label=label,
        headline=Content(title),
        byline=words.gettext("Opened again on %(date)s") % _day(notice, words),
        weight=5,
        summary=_labelled(label, title, words),
    )


def _joined(institutions: Sequence[Named], group: str, words: Wording) -> Story:
    number = len(institutions)
    return Story(
        label=words.ngettext("New member", "New members", number),
        headline=_ours(
            words.ngettext("%(names)s joined the group", "%(names)s joined the group", number)
            % {"names": _names(institutions, words)},
            words,
        ),
        byline="",
        weight=8,
        summary=words.ngettext("%(names)s joined %(group)s", "%(names)s joined %(group)s", number)
        % {
            "names": words.some([words.name(each.short) for each in institutions]),
            "group": words.name(group),
        },
    )


def _left(institutions: Sequence[Named], group: str, words: Wording) -> Story:
    number = len(institutions)
    return Story(
        label=words.gettext("Members"),
        headline=_ours(
            words.ngettext("%(names)s left the group", "%(names)s left the group", number)
            % {"names": _names(institutions, words)},
            words,
        ),
        byline="",
        weight=9,
        summary=words.ngettext("%(names)s left %(group)s", "%(names)s left %(group)s", number)
        % {
            "names": words.some([words.name(each.short) for each in institutions]),
            "group": words.name(group),
        },
    )


def _partners(institutions: Sequence[Named], _group: str, words: Wording) -> Story:
    number = len(institutions)
    return Story(
        label=words.gettext("Verified"),
        headline=_ours(
            words.ngettext(
                "%(number)d institution is a partner now",
                "%(number)d institutions are partners now",
                number,
            )
            % {"number": number},
            words,
        ),
        byline="",
        points=[Content(each.whole) for each in institutions],
        weight=7,
        summary=words.ngettext("%(names)s joined Southlink", "%(names)s joined Southlink", number)
        % {"names": words.some([words.name(each.short) for each in institutions])},
    )


_ALONE: Mapping[NoticeKind, Callable[[Notice, Wording, date], Story]] = {
    NoticeKind.UPDATE_POSTED: _update,
    NoticeKind.MEETING_RECORDED: _meeting,
    NoticeKind.ACTION_ITEM_ASSIGNED: _assigned,
    NoticeKind.ACTION_ITEM_CHANGED: _changed,
    NoticeKind.GROUP_OPENED: _opened,
    NoticeKind.GROUP_ARCHIVED: _archived,
    NoticeKind.GROUP_REOPENED: _reopened,
}

_TOGETHER: Mapping[NoticeKind, Callable[[Sequence[Named], str, Wording], Story]] = {
    NoticeKind.MEMBER_JOINED: _joined,
    NoticeKind.MEMBER_LEFT: _left,
    NoticeKind.INSTITUTION_VERIFIED: _partners,
}

_OVER = frozenset({"done", "cancelled"})

_UPDATE_WEIGHTS = {
    "opportunity": 0,
    "challenge": 1,
    "decision": 2,
    "initiative": 4,
    "resource": 5,
    "news": 6,
}


def _sort(kind: str, words: Wording) -> str:
    return {
        "initiative": words.gettext("Initiative"),
        "opportunity": words.gettext("Opportunity"),
        "challenge": words.gettext("Challenge"),
        "resource": words.gettext("Resource"),
        "decision": words.gettext("Decision"),
        "news": words.gettext("News"),
    }.get(kind, kind.capitalize())


def _state(state: str, words: Wording) -> str:
    return {
        "open": words.pgettext("action item", "open"),
        "in_progress": words.pgettext("action item", "in progress"),
        "blocked": words.pgettext("action item", "blocked"),
        "done": words.pgettext("action item", "done"),
        "cancelled": words.pgettext("action item", "cancelled"),
    }.get(state, state)


def _due(action: Mapping[str, Any], words: Wording, today: date) -> str:
    due = date.fromisoformat(action["due_date"])
    if due == today:
        return words.gettext("due today")
    said = words.gettext("overdue since %(date)s") if due < today else words.gettext("due %(date)s")
    return said % {"date": words.long_date(due)}


def _day(notice: Notice, words: Wording) -> dict[str, str]:
    return {"date": words.long_date(notice.occurred_at.date())}


def _ours(sentence: str, words: Wording) -> Content:
    return Content(sentence, words.language)


def _names(institutions: Sequence[Named], words: Wording) -> str:
    shown = [words.name(each.short) for each in institutions]
    if len(shown) > LISTED:
        more = len(shown) - LISTED
        shown = shown[:LISTED]
        shown.append(words.ngettext("%(number)d more", "%(number)d more", more) % {"number": more})
    return words.listed(shown)


def _short(facts: Mapping[str, Any]) -> str:
    name: str = facts["institution_acronym"] or facts["institution_name"]
    return name


def _by(facts: Mapping[str, Any], title: str, words: Wording) -> str:
    return words.gettext("%(institution)s: %(title)s") % {
        "institution": words.name(_short(facts)),
        "title": words.name(title),
    }


def _labelled(label: str, title: str, words: Wording) -> str:
    return words.gettext("%(label)s: %(title)s") % {"label": label, "title": words.name(title)}
