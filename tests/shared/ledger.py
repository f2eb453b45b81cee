"""A tiny service of the tests: entries that can be listed, made and edited.

It exercises what `shared` gives every service, on the real application base.
"""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, FastAPI, Response
from joserfc.jwk import KeySet, OKPKey
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel, col, select

from shared.columns import UtcDateTime, utc_now
from shared.database import Database
from shared.etags import IfMatch, etag, require_version
from shared.idempotency import Answer, Once
from shared.idempotency_columns import IdempotencyColumns
from shared.identity import LocalKeySet, TokenVerifier
from shared.ids import new_id
from shared.pagination import Page, PageQuery, paginate, paginate_newest_first
from shared.problems import NOT_FOUND, Problem
from shared.settings import ServiceDescription, ServiceSettings
from shared.text import EmailAddress, Input, Line, Output, Paragraphs
from shared.web import CurrentCaller, FeedReader, Reading, Writing, build_app


class Table(SQLModel, registry=registry()):
    """Base of the tables."""


class Entry(Table, table=True):
    """An entry."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    title: str
    recorded_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    version: int = 1
    name: str = Field(default_factory=lambda: f"n {new_id()}", max_length=60, unique=True)


class IdempotencyRecord(IdempotencyColumns, Table, table=True):
    """Creations answered."""


class NewEntry(Input):
    """What makes an entry."""

    title: Annotated[str, Line(20)]
    text: Annotated[str, Paragraphs(100)] | None = None
    email: EmailAddress | None = None


class EntryOut(Output):
    """An entry as shown."""

    id: UUID
    title: str
    version: int


router = APIRouter()


@router.post("/entries", status_code=201)
def create(body: NewEntry, once: Once, session: Writing) -> Response:
    """Make an entry."""

    def make() -> Answer:
        entry = Entry(title=body.title)
        session.add(entry)
        session.flush()
        return Answer(
            EntryOut.model_validate(entry),
            headers={"Location": f"/entries/{entry.id}", "ETag": etag(1)},
        )

    return once.answer(session, make)


@router.post("/entries/broken")
def create_and_break(body: NewEntry, session: Writing) -> None:
    """Make an entry, then fail."""
    session.add(Entry(title=body.title))
    session.flush()
    raise RuntimeError("broken on purpose for somebody@example.org")


@router.get("/entries")
def show(session: Reading, page: PageQuery, newest: bool = False) -> Page[EntryOut]:
    """List entries."""
    order = paginate_newest_first if newest else paginate
    found = order(session, select(Entry), col(Entry.id), page)
    return Page(
        items=[EntryOut.model_validate(e) for e in found.items], next_cursor=found.next_cursor
    )


@router.get("/entries-by-name")
def show_by_name(session: Reading, page: PageQuery, newest: bool = False) -> Page[EntryOut]:
    """List entries in the order of a text."""
    order = paginate_newest_first if newest else paginate
    found = order(session, select(Entry), col(Entry.name), page)
    return Page(
        items=[EntryOut.model_validate(e) for e in found.items], next_cursor=found.next_cursor
    )


@router.patch("/entries/{entry_id}")
def edit(entry_id: UUID, body: NewEntry, version: IfMatch, session: Writing) -> EntryOut:
    """Edit an entry."""
    entry = session.get(Entry, entry_id)
    if entry is None:
        raise Problem(NOT_FOUND, "There is no such entry.")
    require_version(entry.version, version)
    entry.title = body.title
    entry.version += 1
    session.add(entry)
    session.flush()
    return EntryOut.model_validate(entry)


@router.get("/caller")
def who(caller: CurrentCaller) -> dict[str, Any]:
    """Say who calls."""
    return {"id": caller.id, "kind": caller.kind}


@router.get("/for-feeds")
def only_feeds(_caller: FeedReader) -> dict[str, Any]:
    """Answer only who may read feeds."""
    return {}


SERVICE = ServiceDescription(
    name="ledger", title="Ledger", summary="Entries.", source="/registry", port=8999
)
KEY = OKPKey.generate_key("Ed25519", {"kid": "test", "use": "sig"})


def build(url: str) -> FastAPI:
    """Return the application with its tables made."""
    database = Database(url)
    Table.metadata.create_all(database.engine)
    return build_app(
        service=SERVICE,
        settings=ServiceSettings(database_url=url, max_body_bytes=2_000),
        database=database,
        verifier=TokenVerifier(LocalKeySet(KeySet([KEY]))),
        routers=[router],
        idempotency=IdempotencyRecord,
    )
