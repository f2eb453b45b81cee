"""What the search knows of a thing, written in the transaction that changes it.

Whatever row is flushed is noted, and at the commit what it belongs to is indexed from the tables as
they are then. So no command has to think of the search. Only what goes past the session (a
statement that changes many rows) must call `touch`. Every process that writes imports this.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import event, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import SessionTransaction, UOWTransaction
from sqlmodel import Session, col, select

from services.workgroups.search_cards import WORDS, Kind
from services.workgroups.search_documents import READERS, Document, belongs_to, every_id
from services.workgroups.tables import SearchEntry
from shared.comparison import comparison_key
from shared.database import Database
from shared.search.storage import Words, storage_of
from shared.search.words import words_to_store

AT_ONCE = 500
FOUND_BY = 5_000
"""How many words of its longer texts a thing is found by."""

_TOUCHED = "touched_by_search"
_SAVEPOINTS = "touched_before_savepoints"


def touch(session: Session, kind: Kind, subject_id: UUID) -> None:
    """Let the thing be indexed when the transaction commits."""
    _touched(session)[kind, subject_id] = None


def reindex(database: Database) -> Iterator[int]:
    """Index everything anew, in transactions of 500; yield how many things are done."""
    done = 0
    for kind in Kind:
        last = UUID(int=0)
        while True:
            with database.write() as session:
                ids = every_id(session, kind, after=last, limit=AT_ONCE)
                if not ids:
                    break
                _index(session, kind, ids)
            last = ids[-1]
            done += len(ids)
            yield done


def index_missing(database: Database) -> Iterator[int]:
    """Index everything when the search knows nothing at all, as after an upgrade."""
    with database.read() as session:
        known = session.exec(select(SearchEntry.number).limit(1)).first()
    if known is None:
        yield from reindex(database)


@event.listens_for(Session, "after_flush")
def _note(session: Session, _context: UOWTransaction) -> None:
    for row in (*session.new, *session.dirty, *session.deleted):
        for kind, subject_id in belongs_to(session, row):
            touch(session, kind, subject_id)


def _touched(session: Session) -> dict[tuple[Kind, UUID], None]:
    touched: dict[tuple[Kind, UUID], None] = session.info.setdefault(_TOUCHED, {})
    return touched


@event.listens_for(Session, "after_transaction_create")
def _savepoint(session: Session, transaction: SessionTransaction) -> None:
    if transaction.nested:
        session.info.setdefault(_SAVEPOINTS, {})[transaction] = len(_touched(session))


@event.listens_for(Session, "after_soft_rollback")
def _undo(session: Session, transaction: SessionTransaction) -> None:
    # What was touched first since the savepoint is as it was before; a thing of a row that is gone
    # again would else be indexed.
    kept = session.info[_SAVEPOINTS].pop(transaction) if transaction.nested else 0
    session.info[_TOUCHED] = dict.fromkeys(islice(_touched(session), kept))


@event.listens_for(Session, "after_transaction_end")
def _savepoints_over(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop(_SAVEPOINTS, None)


@event.listens_for(Session, "before_commit")
def _index_touched(session: Session) -> None:
    # A savepoint comes by here too; its rows may still be rolled back.
    if session.in_nested_transaction() or not session.is_active:
        return
    if session.new or session.dirty or session.deleted:
        session.flush()
    touched = _touched(session)
    session.info[_TOUCHED] = {}
    for kind in Kind:
        ids = sorted(subject_id for of_kind, subject_id in touched if of_kind is kind)
        for begin in range(0, len(ids), AT_ONCE):
            _index(session, kind, ids[begin : begin + AT_ONCE])


def _index(session: Session, kind: Kind, ids: Sequence[UUID]) -> None:
    change = storage_of(session, WORDS).stamp(session)
    numbers = _held(session, kind, ids, change)
    # Read after the entries are held: what another transaction wrote meanwhile is in it.
    documents = READERS[kind](session, ids)
    session.execute(
        update(SearchEntry),
        [
            {"number": numbers[one], "change": change, **_columns(kind, documents.get(one))}
            for one in ids
        ],
    )
    storage = storage_of(session, WORDS)
    if gone := [numbers[one] for one in ids if one not in documents]:
        storage.forget(session, gone)
    if documents:
        storage.store(session, [_words(numbers[one], said) for one, said in documents.items()])


def _held(session: Session, kind: Kind, ids: Sequence[UUID], change: int) -> dict[UUID, int]:
    """Return the numbers of these things, whose entries are held until the transaction ends."""
    insert: Any = (
        postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    )
    session.execute(
        insert(SearchEntry.__table__).on_conflict_do_nothing(),  # type: ignore[attr-defined]
        [{"subject_id": one, "kind": kind, "change": change, "codes": ""} for one in ids],
    )
    held = session.exec(
        select(SearchEntry.subject_id, SearchEntry.number)
        .where(col(SearchEntry.subject_id).in_(ids))
        .order_by(col(SearchEntry.number))
        .with_for_update()
    )
    return {subject_id: number for subject_id, number in held if number is not None}


def _columns(kind: Kind, said: Document | None) -> Mapping[str, Any]:
    if said is None:
        return {"title_key": None, "begun": None, "changed": None, "codes": ""}
    codes = {"kind": [kind.value], **said.codes}
    lines = [f"{name}={code}" for name, of_field in codes.items() for code in sorted(of_field)]
    return {
        "title_key": comparison_key(said.title),
        "begun": said.begun,
        "changed": said.changed,
        "codes": "\n".join(lines),
    }


def _words(number: int, said: Document) -> Words:
    of_title = words_to_store([said.title])
    known = set(of_title)
    others = (word for word in words_to_store(said.texts) if word not in known)
    return Words(number, of_title, list(islice(others, FOUND_BY)))
