"""What the search knows of an institution, written in the transaction that changes it.

`lifecycle` touches an institution at each of its steps. What was touched is indexed at the commit,
from the tables as they are then: whoever filled them, and once however often. `index` and
`reindex` are for what goes past the lifecycle.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from uuid import UUID

from sqlalchemy import event, insert, update
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from services.registry.search_cards import WORDS
from services.registry.tables import Institution, InstitutionCode, InstitutionName, SearchEntry
from shared.database import Database
from shared.search.storage import Words, storage_of
from shared.search.words import words_to_store

AT_ONCE = 500
DESCRIBED_BY = 5_000
"""How many words of its descriptions an institution is found by."""

_TOUCHED = "touched_institutions"


def touch(session: Session, institution_id: UUID) -> None:
    """Let the institution be indexed when the transaction commits."""
    if _TOUCHED not in session.info:
        session.info[_TOUCHED] = set()
        event.listen(session, "before_commit", _index_touched)
    session.info[_TOUCHED].add(institution_id)


def index(session: Session, institution_ids: Sequence[UUID]) -> None:
    """Let the search know these institutions as the tables have them; it forgets what is gone."""
    session.flush()
    for begin in range(0, len(institution_ids), AT_ONCE):
        _index(session, institution_ids[begin : begin + AT_ONCE])


def forget(session: Session, institution_id: UUID) -> None:
    """Remove an institution from the search; call it before its row is deleted."""
    number = session.exec(
        select(SearchEntry.number).where(SearchEntry.institution_id == institution_id)
    ).first()
    if number is None:
        return
    storage = storage_of(session, WORDS)
    storage.forget(session, [number])
    session.execute(
        update(SearchEntry)
        .where(col(SearchEntry.number) == number)
        .values(institution_id=None, codes="", change=storage.stamp(session))
    )


def reindex(database: Database) -> Iterator[int]:
    """Index every institution anew, in transactions of 500; yield how many are done."""
    return _index_all(database, select(Institution.id))


def index_missing(database: Database) -> Iterator[int]:
    """Index the institutions that the search doesn't know; yield how many are done."""
    known = select(SearchEntry.institution_id).where(
        col(SearchEntry.institution_id) == col(Institution.id)
    )
    return _index_all(database, select(Institution.id).where(~known.exists()))


def _index_all(database: Database, which: SelectOfScalar[UUID]) -> Iterator[int]:
    last = UUID(int=0)
    done = 0
    while True:
        with database.write() as session:
            # Locked, so that a change made meanwhile is indexed before this or after it.
            ids = session.exec(
                which.where(Institution.id > last)
                .order_by(col(Institution.id))
                .limit(AT_ONCE)
                .with_for_update(of=Institution)
            ).all()
            if not ids:
                return
            _index(session, ids)
        last = ids[-1]
        done += len(ids)
        yield done


def _index_touched(session: Session) -> None:
    # A savepoint comes by here too; its rows may still be rolled back.
    if not session.in_nested_transaction() and session.info[_TOUCHED]:
        touched = sorted(session.info[_TOUCHED])
        session.info[_TOUCHED] = set()
        index(session, touched)


def _index(session: Session, ids: Sequence[UUID]) -> None:
    names: dict[UUID, list[str]] = defaultdict(list)
    for owner, name in session.exec(
        select(InstitutionName.institution_id, InstitutionName.value).where(
            col(InstitutionName.institution_id).in_(ids)
        )
    ):
        names[owner].append(name)
    codes: dict[UUID, list[str]] = defaultdict(list)
    for code in session.exec(
        select(InstitutionCode).where(col(InstitutionCode.institution_id).in_(ids))
    ):
        codes[code.institution_id].append(f"{code.vocabulary}={code.code}")
    described = dict(
        session.exec(
            select(Institution.id, Institution.descriptions).where(col(Institution.id).in_(ids))
        ).all()
    )
    if not described:
        return
    numbers = _numbered(session, {owner: "\n".join(sorted(codes[owner])) for owner in described})
    storage_of(session, WORDS).store(
        session,
        [
            _words(numbers[owner], names[owner], list(texts.values()))
            for owner, texts in described.items()
        ],
    )


def _words(number: int, names: Sequence[str], descriptions: Sequence[str]) -> Words:
    of_names = words_to_store(names)
    known = set(of_names)
    others = (word for word in words_to_store(descriptions) if word not in known)
    return Words(number, of_names, list(islice(others, DESCRIBED_BY)))


def _numbered(session: Session, codes: dict[UUID, str]) -> dict[UUID, int]:
    """Write the entries of institutions with these codes; return their numbers."""
    change = storage_of(session, WORDS).stamp(session)
    of_these = select(SearchEntry.institution_id, SearchEntry.number).where(
        col(SearchEntry.institution_id).in_(codes)
    )
    known = {owner: number for owner, number in session.exec(of_these) if owner and number}
    if known:
        session.execute(
            update(SearchEntry),
            [
                {"number": number, "codes": codes[owner], "change": change}
                for owner, number in known.items()
            ],
        )
    if len(known) == len(codes):
        return known
    session.execute(
        insert(SearchEntry),
        [
            {"institution_id": owner, "codes": text, "change": change}
            for owner, text in codes.items()
            if owner not in known
        ],
    )
    return {owner: number for owner, number in session.exec(of_these) if owner and number}
