"""Feeds as Atom (RFC 4287, paged by RFC 5005): what feed readers take.

The standard library writes them: the one library for it, feedgen, had its last release in 2023 and
brings lxml, and what is left to do beside escaping is this page.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID
from xml.etree import ElementTree as ET

MEDIA_TYPE = "application/atom+xml"

_ATOM = "http://www.w3.org/2005/Atom"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
# What XML 1.0 can't hold even escaped (production 2, Char); the writer lets it through.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Entry:
    """One thing in a feed."""

    id: UUID
    kind: str
    title: str
    html: str
    """Safe HTML: what it says."""
    authors: Sequence[str]
    published: datetime
    updated: datetime
    link: str | None
    """Where the API answers it, if it does."""
    language: str | None = None


@dataclass(frozen=True)
class Feed:
    """A page of a feed: the entries changed last come first."""

    id: UUID
    title: str
    subtitle: str | None
    updated: datetime
    entries: Sequence[Entry]
    link: str
    """Where the API answers what the feed is of."""
    self_link: str
    first_link: str
    next_link: str | None
    language: str = "en"
    """In which its own words are."""


def document_of(feed: Feed) -> bytes:
    """Return the feed as an Atom document in UTF-8; the same feed gives the same bytes."""
    root = ET.Element("feed", {"xmlns": _ATOM, _LANGUAGE: feed.language})
    _text(root, "id", feed.id.urn)
    _text(root, "title", feed.title)
    if feed.subtitle:
        _text(root, "subtitle", feed.subtitle)
    _text(root, "updated", _moment(feed.updated))
    _author(root, feed.title)
    _text(root, "generator", "Southlink")
    _link(root, "alternate", feed.link, "application/json")
    _link(root, "self", feed.self_link, MEDIA_TYPE)
    _link(root, "first", feed.first_link, MEDIA_TYPE)
    if feed.next_link:
        _link(root, "next", feed.next_link, MEDIA_TYPE)
    for entry in feed.entries:
        _entry(root, entry)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _entry(root: ET.Element, entry: Entry) -> None:
    of = {_LANGUAGE: entry.language} if entry.language else {}
    element = ET.SubElement(root, "entry", of)
    _text(element, "id", entry.id.urn)
    _text(element, "title", entry.title)
    _text(element, "published", _moment(entry.published))
    _text(element, "updated", _moment(entry.updated))
    for author in entry.authors:
        _author(element, author)
    ET.SubElement(element, "category", {"term": entry.kind})
    if entry.link:
        _link(element, "alternate", entry.link, "application/json")
    # As escaped text, so that nothing in it can end or change what surrounds it.
    _text(element, "content", entry.html, type="html")


def _text(parent: ET.Element, name: str, text: str, **attributes: str) -> None:
    ET.SubElement(parent, name, attributes).text = _NOT_XML.sub("\ufffd", text)


def _author(parent: ET.Element, name: str) -> None:
    _text(ET.SubElement(parent, "author"), "name", name)


def _link(parent: ET.Element, relation: str, address: str, media_type: str) -> None:
    ET.SubElement(parent, "link", {"rel": relation, "href": address, "type": media_type})


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
