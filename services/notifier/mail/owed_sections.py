"""What stands open for the reader of a digest: what is owed, needs, and last coming meetings."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date
from functools import lru_cache
from uuid import UUID

from services.notifier.criteria_names import called
from services.notifier.fitting_needs import Fit
from services.notifier.mail.fragments import Fragment
from services.notifier.mail.messages import local
from services.notifier.mail.sections import NEEDS, Part, Section
from services.notifier.mail.stories import Content, Story
from services.notifier.mail.told import Told, written
from services.notifier.open_matters import Coming, Open
from services.notifier.owed_entries import RANKS, Kind, Owed
from services.notifier.vocabulary import NoticeKind
from services.notifier.wording import Wording, wording

OWED, LAST = -1_000, 1_000
"""Where the sections come, before and after those of what is new."""


def open_sections(
    opened: Open, language: str, today: date, time_zone: str, *, new: Collection[UUID] = ()
) -> list[Section]:
    """Return the sections of what is owed, of needs that fit the reader's offers, of meetings.

    Of a need that is ``new`` to the reader, the text is told too.
    """
    words = wording(language)
    owed = [_owed(item, language, today, time_zone) for item in opened.owed]
    needs = [
        _need(each if each.need_id in new else replace(each, text=""), language)
        for each in opened.needs
    ]
    coming = [_coming(each, language, time_zone) for each in opened.coming]
    return [
        *_section(words.gettext("What you owe"), owed, OWED),
        *_section(words.gettext("Needs that fit what you offer"), needs, NEEDS - 100),
        *_section(words.gettext("Coming meetings"), coming, LAST),
    ]


def told_elsewhere_left_out(notices: list[Told], opened: Open) -> list[Told]:
    """Return the notices but for action items that were given to the reader, who owes them."""
    if not opened.owed:
        return notices
    owed = {
        f"action-items/{item.id}"
        for item in opened.owed
        if item.kind in (Kind.OVERDUE, Kind.DUE_SOON)
    }
    given = NoticeKind.ACTION_ITEM_ASSIGNED
    return [each for each in notices if each.kind != given or each.subject not in owed]


def _section(title: str, items: list[Fragment], rank: int) -> list[Section]:
    return [Section(title, [Part(None, items)], (rank, 0, title))] if items else []


@lru_cache(4096)
def _owed(item: Owed, language: str, today: date, time_zone: str) -> Fragment:
    words = wording(language)
    label = _label(item.kind, words)
    when = ""
    if item.due is not None:
        when = _due(item, words, today)
    elif item.at is not None:
        when = words.moment(local(item.at, time_zone))
    return written(
        Story(
            label=label,
            headline=Content(item.title),
            byline=_byline(words, item.by, item.group, when=when),
            weight=RANKS[item.kind] - 100,
            summary=_labelled(label, item.title, words),
        ),
        language,
        whole=False,
    )


@lru_cache(4096)
def _need(fit: Fit, language: str) -> Fragment:
    words = wording(language)
    label = words.gettext("Need")
    shared = [
        *(called("themes", code, words) for code in fit.themes),
        *(called("countries", code, words) for code in fit.countries),
    ]
    why = words.gettext("It fits your offer “%(offer)s”.") % {"offer": fit.offer}
    return written(
        Story(
            label=label,
            headline=Content(fit.title),
            byline=_byline(words, fit.institution, *shared),
            lead=why,
            text=Content(fit.text),
            weight=1 if fit.text else 100,
            summary=_labelled(label, fit.title, words),
        ),
        language,
        whole=False,
    )


@lru_cache(4096)
def _coming(meeting: Coming, language: str, time_zone: str) -> Fragment:
    words = wording(language)
    label = words.gettext("Meeting")
    when = words.moment(local(meeting.begins_at, time_zone))
    return written(
        Story(
            label=label,
            headline=Content(meeting.title),
            byline=_byline(words, meeting.place, when=when),
            text=Content(meeting.link or ""),
            weight=101,
            summary=_labelled(label, meeting.title, words),
        ),
        language,
        whole=False,
    )


def _byline(words: Wording, *names: str | None, when: str = "") -> str:
    return " · ".join(filter(None, (when, *(words.name(name or "") for name in names))))


def _label(kind: Kind, words: Wording) -> str:
    return {
        Kind.OVERDUE: words.gettext("Overdue"),
        Kind.DUE_SOON: words.gettext("Due soon"),
        Kind.REASSIGNMENT: words.gettext("You are asked to take over"),
        Kind.REQUEST: words.gettext("Asks to join your group"),
        Kind.INVITATION: words.gettext("You are invited to join"),
        Kind.INTRODUCTION: words.gettext("Asks to be introduced to you"),
        Kind.MEETING: words.gettext("Say whether you come"),
        Kind.MEMBERSHIP: words.gettext("Confirm that it stays in your group"),
        Kind.ROLE: words.gettext("Confirm a role in your group"),
    }[kind]


def _due(item: Owed, words: Wording, today: date) -> str:
    if item.due is None or item.due == today:
        return words.gettext("due today")
    said = (
        words.gettext("overdue since %(date)s")
        if item.kind is Kind.OVERDUE
        else words.gettext("due %(date)s")
    )
    return said % {"date": words.long_date(item.due)}


def _labelled(label: str, title: str, words: Wording) -> str:
    return words.gettext("%(label)s: %(title)s") % {"label": label, "title": title}
