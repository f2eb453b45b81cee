"""Sections: the items of an e-mail under their headings, what matters most first, cut to fit."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from operator import attrgetter

from services.notifier.mail.fragments import Body, Fragment
from services.notifier.mail.frames import frames
from services.notifier.mail.rendering import rendered
from services.notifier.mail.stories import Content
from services.notifier.mail.told import Teller, Told
from services.notifier.vocabulary import NoticeKind, TargetKind
from services.notifier.wording import wording

PART_LENGTH = 12
"""Items of one group that a digest shows; further ones are counted."""

ROOM = 78_000
"""Encoded bytes of all items in HTML. Gmail clips an e-mail at 102 kB; the frame takes the rest."""

_NEARNESS = {
    TargetKind.GROUP: 0,
    TargetKind.INSTITUTION: 0,
    TargetKind.THEME: 1,
    TargetKind.UPDATE_KIND: 2,
}
"""Of what weighs the same, a reader sees first what was followed by name; everything comes last."""

DEMAND = frozenset({NoticeKind.NEED_PUBLISHED, NoticeKind.NEED_UNANSWERED})
"""What recipients ask for. It is heard before what is new, and what is offered after that."""

NEEDS, OFFERS, PARTNERS = -500, 500, 600
"""Where these sections come, before and after those of themes."""

_PLACES = {
    **dict.fromkeys(DEMAND, NEEDS),
    NoticeKind.OFFER_PUBLISHED: OFFERS,
    NoticeKind.INSTITUTION_VERIFIED: PARTNERS,
}

Rank = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Part:
    """The items of one group; those of no group have no title."""

    title: str | None
    items: Sequence[Fragment]


@dataclass(frozen=True, slots=True)
class Section:
    """Items under one heading; the smaller the rank, the sooner it comes."""

    title: str
    parts: Sequence[Part]
    rank: Rank


@dataclass(frozen=True, slots=True)
class Laid:
    """The sections of one e-mail, joined."""

    body: Body
    count: int
    """Items in all, with those left out."""
    left_out: int
    """Items that there was no room for."""


def sections(
    notices: Iterable[tuple[Told, TargetKind]],
    teller: Teller,
    language: str,
    today: date,
    *,
    whole: bool,
) -> list[Section]:
    """Gather notices by theme and group; needs come first, then themes, offers and partners.

    Each notice comes with the kind of what its reader follows that brought it. ``whole`` is for
    an e-mail about nothing else.
    """
    gathered: dict[tuple[str, int], dict[str, list[tuple[Told, TargetKind]]]] = {}
    for notice, followed in notices:
        parts = gathered.setdefault(_heading(notice, language), {})
        parts.setdefault(notice.group or "", []).append((notice, followed))
    found = []
    for (title, place), parts in gathered.items():
        best = (100, 9)
        told = []
        for group in sorted(parts):
            items, nearest = _items(parts[group], teller, language, today, whole=whole)
            best = min(best, (items[0].weight, nearest))
            told.append(Part(group or None, items))
        found.append(Section(title, told, (place + best[0], best[1], title)))
    return sorted(found, key=lambda section: section.rank)


def lay_all(sections: Sequence[Section], language: str) -> Laid:
    """Join all items of the sections, for a page."""
    return _laid(sections, language, {}, sys.maxsize, None)


def lay(sections: Sequence[Section], language: str, places: Mapping[str, Body]) -> Laid:
    """Join the sections, as many items as there is room for; count and link what is left out.

    ``places`` holds the link to ``whole`` of it.
    """
    return _laid(sections, language, places, ROOM, PART_LENGTH)


def first_subjects(sections: Sequence[Section], number: int) -> list[str]:
    """Return the most important items in the words of a subject line."""
    items = [item for section in sections for part in section.parts for item in part.items]
    return [item.subject for item in sorted(items, key=lambda item: item.weight)[:number]]


@lru_cache(4096)
def section_heading(language: str, title: str) -> Body:
    """Return the heading of a theme."""
    return _heading_body(language, "section", title)


@lru_cache(4096)
def part_heading(language: str, title: str) -> Body:
    """Return the heading of a group."""
    return _heading_body(language, "part", title)


def _heading_body(language: str, template: str, title: str) -> Body:
    values = {"title": Content(title)}
    return Body.of(
        rendered(language, f"{template}.html", **values),
        rendered(language, f"{template}.txt", **values),
    )


def _heading(notice: Told, language: str) -> tuple[str, int]:
    """Return under which heading a notice is told, and where its section comes."""
    place = _PLACES.get(notice.kind, 0)
    if not place and notice.theme:
        return notice.theme, 0
    words = wording(language)
    title = {
        NEEDS: words.gettext("Needs that wait for an answer"),
        OFFERS: words.gettext("Offers"),
        PARTNERS: words.gettext("New partners"),
    }.get(place) or words.gettext("Across the groups")
    return title, place


def _items(
    notices: Sequence[tuple[Told, TargetKind]],
    teller: Teller,
    language: str,
    today: date,
    *,
    whole: bool,
) -> tuple[list[Fragment], int]:
    """Return the items of one group by weight, and how near the first of them is to the reader."""
    together: dict[NoticeKind, list[Told]] = {}
    items = []
    nearest = min(_NEARNESS.get(followed, 9) for _, followed in notices)
    for told, _ in notices:
        if told.named:
            together.setdefault(told.kind, []).append(told)
        else:
            items.append(teller.fragment(told, language, today, whole=whole))
    items += [teller.together(each, language) for each in together.values()]
    items.sort(key=_weight)
    return items, nearest


_weight = attrgetter("weight")


def _laid(
    sections: Sequence[Section],
    language: str,
    places: Mapping[str, Body],
    room: int,
    length: int | None,
) -> Laid:
    joined: list[Body] = []
    taken = count = unseen = left_out = 0
    for section in sections:
        heading: Body | None = section_heading(language, section.title)
        for part in section.parts:
            title = part_heading(language, part.title) if part.title else None
            shown = 0
            for item in part.items[:length]:
                if heading:
                    taken += len(heading.html)
                if title:
                    taken += len(title.html)
                taken += len(item.body.html)
                if taken > room:
                    break
                if heading:
                    joined.append(heading)
                if title:
                    joined.append(title)
                joined.append(item.body)
                heading = title = None
                shown += 1
            count += len(part.items)
            left = len(part.items) - shown
            left_out += left
            if not shown:
                unseen += left
            elif left:
                note = frames(language, "more_of_group", (("number", left),)).filled(places)
                taken += len(note.html)
                joined.append(note)
    if unseen:
        joined.append(frames(language, "more", (("number", unseen),)).filled(places))
    body = Body(b"".join(body.html for body in joined), b"".join(body.text for body in joined))
    return Laid(body, count, left_out)
