"""Finding what groups say, meet about and owe: who sees what, and what of a text fits."""

import re
from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session, col, select

from services.workgroups.permissions import is_coordinator
from services.workgroups.sight import in_sight
from services.workgroups.tables import Group, SearchEntry
from shared.identity import Caller
from shared.search import finding
from shared.search.catalogue import Catalogue
from shared.search.finding import Found, Question
from shared.search.words import words_asked, words_to_store

EXCERPT = 240
"""Characters of an excerpt, about."""


def look_for(
    session: Session, catalogue: Catalogue, caller: Caller | None, question: Question
) -> Found:
    """Return what fits a question among what belongs to groups that the caller sees."""
    catalogue.refresh(session)
    if caller is not None and is_coordinator(session, caller):
        visible = catalogue.everything()
    else:
        seen = session.exec(select(Group.id).where(in_sight(session, caller)))
        visible = catalogue.having("group", map(str, seen))
    return finding.look_for(session, catalogue, visible, question)


def kinds_of(session: Session, ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return of which kind each thing is."""
    rows = session.exec(
        select(SearchEntry.subject_id, SearchEntry.kind).where(
            col(SearchEntry.subject_id).in_(ids), col(SearchEntry.title_key).is_not(None)
        )
    )
    return dict(rows.all())


def excerpt(texts: Sequence[str], words: str | None) -> str:
    """Return the part of the first text that says what was asked for; else its beginning."""
    texts = [" ".join(text.split()) for text in texts if text.strip()]
    if not texts:
        return ""
    asked = words_asked(words or "")
    for text in texts:
        for found in re.finditer(r"\S+", text):
            if any(
                stored.startswith(word)
                for stored in words_to_store([found.group()])
                for word in asked
            ):
                return _around(text, found.start())
    return _around(texts[0], 0)


def _around(text: str, place: int) -> str:
    begin = max(0, place - EXCERPT // 3)
    if begin:
        begin = text.find(" ", begin) + 1
    end = begin + EXCERPT
    if end < len(text):
        end = text.rfind(" ", begin, end)
        end = end if end > begin else begin + EXCERPT
    return f"{'… ' if begin else ''}{text[begin:end]}{' …' if end < len(text) else ''}"
