"""Told notices: what this process keeps of each, and its fragments in the languages asked for."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session, col, select

from services.notifier.mail import stories
from services.notifier.mail.fragments import Body, Fragment, Shelf
from services.notifier.mail.more_stories import STORIES
from services.notifier.mail.rendering import rendered
from services.notifier.mail.stories import Content, Named, Story
from services.notifier.sight import Guard
from services.notifier.tables import Notice
from services.notifier.vocabulary import NoticeKind
from services.notifier.wording import wording

ROOM = 32 * 1024 * 1024
"""Bytes of fragments that a process keeps."""

ITEM_TEXT = 600
"""Characters of a text that a digest quotes."""

WHOLE_TEXT = 6_000
"""Characters of a text that an e-mail about one thing quotes."""

POINTS = 20
"""Points of a list that are told; further ones are counted."""

ITEM_SIZE = 16_000
"""Encoded bytes of an item in HTML; a longer one is told shorter, whatever its script."""

WHOLE_SIZE = 72_000
"""The same of the only item."""


@dataclass(slots=True, eq=False)
class Told:
    """A notice as the digests of all readers need it; its words are in fragments."""

    id: UUID
    subject: str
    kind: NoticeKind
    theme: str | None
    group_id: UUID | None
    group: str | None
    occurred_at: datetime
    due: date | None
    named: Named | None
    """Whom a notice names that is told together with others."""
    fragments: dict[tuple[str, int, bool], Fragment] = field(default_factory=dict)
    """By language, where its due date is from today, and whether it is told whole."""
    size: int = 500


class Teller:
    """Tells notices, each once per language; its session asks for those it hasn't told yet."""

    def __init__(self, session: Session, shelf: "TellerShelf") -> None:
        self._session = session
        self._shelf = shelf
        self._notices: dict[UUID, Notice] = {}
        self.guards = shelf.guards

    def prepare(self, wanted: Mapping[str, Collection[UUID]]) -> None:
        """Read at once the notices that were not told in the language that they are wanted in."""
        missing = {
            notice_id
            for language, notice_ids in wanted.items()
            for notice_id in notice_ids
            if (told := self._shelf.notices.get(notice_id)) is None
            or (told.named is None and not any(key[0] == language for key in told.fragments))
        }
        if missing:
            rows = self._session.exec(select(Notice).where(col(Notice.id).in_(missing)))
            self._notices.update((notice.id, notice) for notice in rows)

    def told(self, notice_id: UUID) -> Told:
        """Return the notice as it is kept."""
        kept = self._shelf.notices.get(notice_id)
        if kept is None:
            kept = _known(self._notice(notice_id))
            self._shelf.notices.keep(notice_id, kept, kept.size)
        return kept

    def fragment(self, told: Told, language: str, today: date, *, whole: bool) -> Fragment:
        """Return the notice as one item; ``whole`` is for an e-mail about nothing else."""
        key = (language, _nearness(told.due, today), whole)
        found = told.fragments.get(key)
        if found is None:
            story = _story(self._notice(told.id), language, today)
            found = told.fragments[key] = written(story, language, whole=whole)
            told.size += len(found.body.html) + len(found.body.text)
            self._shelf.notices.keep(told.id, told, told.size)
        return found

    def together(self, notices: Sequence[Told], language: str) -> Fragment:
        """Return notices of one kind and group as one item that names all their institutions."""
        key = (language, tuple(told.id for told in notices))
        found = self._shelf.gathered.get(key)
        if found is None:
            institutions = [told.named for told in notices if told.named]
            first = notices[0]
            story = stories.tell_together(first.kind, institutions, first.group, wording(language))
            found = written(story, language, whole=False)
            size = len(found.body.html) + len(found.body.text) + 16 * len(notices)
            self._shelf.gathered.keep(key, found, size)
        return found

    def _notice(self, notice_id: UUID) -> Notice:
        notice = self._notices.get(notice_id)
        if notice is None:
            notice = self._notices[notice_id] = self._session.get_one(Notice, notice_id)
        return notice


class TellerShelf:
    """What one process keeps from e-mail to e-mail."""

    def __init__(self, room: int = ROOM) -> None:
        self.notices: Shelf[UUID, Told] = Shelf(room)
        self.gathered: Shelf[tuple[str, tuple[UUID, ...]], Fragment] = Shelf(room // 8)
        self.guards: Shelf[UUID, Guard] = Shelf(room // 8)

    def empty(self) -> None:
        """Let go all of it."""
        self.notices.empty()
        self.gathered.empty()
        self.guards.empty()

    def age(self, now: datetime) -> None:
        """Empty it when its hour is over."""
        self.notices.age(now)
        self.gathered.age(now)
        self.guards.age(now)


def written(story: Story, language: str, *, whole: bool) -> Fragment:
    """Return the story rendered and encoded, shortened until it is not too large."""
    characters = WHOLE_TEXT if whole else ITEM_TEXT
    size, points = (WHOLE_SIZE if whole else ITEM_SIZE), POINTS
    while True:
        values = {
            "story": story,
            "text": Content(shortened(story.text.text, characters), story.text.language),
            "points": [
                Content(shortened(point.text, characters), point.language)
                for point in story.points[:points]
            ],
            "more_points": max(0, len(story.points) - points),
        }
        body = Body.of(
            rendered(language, "story.html", **values), rendered(language, "story.txt", **values)
        )
        if len(body.html) <= size or characters < 20:
            return Fragment(body, story.summary, story.weight)
        characters, points = characters // 2, points // 2


def shortened(text: str, length: int) -> str:
    """Return the text, cut at a word and marked with an ellipsis where it is longer."""
    if len(text) <= length:
        return text
    cut = text[: length - 1]
    last_space = max(cut.rfind(" ", length - 40), cut.rfind("\n", length - 40))
    return (cut if last_space < 0 else cut[:last_space]).rstrip() + "…"


def _story(notice: Notice, language: str, today: date) -> Story:
    told = STORIES.get(notice.kind, stories.tell)
    return told(notice, wording(language), today)


def _known(notice: Notice) -> Told:
    together = stories.is_told_together(notice.kind)
    return Told(
        id=notice.id,
        subject=notice.subject,
        kind=notice.kind,
        theme=notice.theme_title,
        group_id=notice.group_id,
        group=notice.group_title,
        occurred_at=notice.occurred_at,
        due=stories.due_on(notice),
        named=Named.of(notice) if together else None,
    )


def _nearness(due: date | None, today: date) -> int:
    return 0 if due is None else (due > today) - (due < today)
