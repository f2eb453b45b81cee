"""Where SQLite and PostgreSQL differ in the search: FTS5 there, tsvector and GIN here.

Both keep the words that they are given, under the number of a row of ``search_entry``, in a table
of words; neither splits, folds or stems text, so that both find the same. The table is made by the
migration: no SQLModel class describes it, as it isn't the same on both.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import text
from sqlmodel import Session

NAMES = "names"
"""The words of names, acronyms and titles."""

EVERYTHING = "everything"
"""Those, and the words of longer texts."""


@dataclass(frozen=True)
class Term:
    """A word that is looked for, or with ``begins`` all words that begin with it."""

    word: str
    begins: bool = False


Terms = Sequence[Sequence[Term]]
"""What must all be found; of each, any alternative will do."""


@dataclass(frozen=True)
class Words:
    """The words of one thing that is found."""

    number: int
    names: Sequence[str]
    descriptions: Sequence[str]


@dataclass(frozen=True)
class Window:
    """The changes that a process hasn't seen: from ``since`` on, and before ``until``."""

    since: int
    until: int
    next_since: int
    """Where the next window begins."""


class Storage(Protocol):
    """What the search asks of a database."""

    def stamp(self, session: Session) -> int:
        """Return the `SearchEntry.change` of this transaction."""

    def window(self, session: Session, since: int) -> Window:
        """Return the window of what may have changed since a window that ended at ``since``."""

    def store(self, session: Session, words: Sequence[Words]) -> None:
        """Store words instead of those that are there under their numbers."""

    def forget(self, session: Session, numbers: Sequence[int]) -> None:
        """Remove the words under these numbers."""

    def numbers(self, session: Session, terms: Terms, where: str) -> Iterable[int]:
        """Return the numbers under which all the terms are; ``where`` is NAMES or EVERYTHING."""

    def ranked(self, session: Session, whole: Terms, begun: Terms) -> Iterable[Iterable[int]]:
        """Return where names have all that is ``whole``, where they have all that is ``begun``, and
        where that is anywhere; a number that is in one may be left out of those after it.
        """

    def vocabulary(self, session: Session) -> Iterable[str]:
        """Return every word there is, once."""

    def words_of(self, session: Session, numbers: Sequence[int]) -> Iterable[str]:
        """Return the words under these numbers."""


def storage_of(session: Session, table: str) -> Storage:
    """Return the storage of the session's database that keeps its words in ``table``."""
    kind = _PostgreSql if session.get_bind().dialect.name == "postgresql" else _Sqlite
    return kind(table)


class _Sqlite:
    """FTS5 with the tokenizer ``ascii``: it splits at spaces alone, as ours has no other sign."""

    def __init__(self, table: str) -> None:
        self._table = table

    def stamp(self, session: Session) -> int:
        # One transaction writes at a time, so these are in the order of the commits.
        return _number(session, "SELECT COALESCE(MAX(change), 0) + 1 FROM search_entry")

    def window(self, session: Session, since: int) -> Window:
        until = self.stamp(session)
        return Window(since, until, max(since, until))

    def store(self, session: Session, words: Sequence[Words]) -> None:
        self.forget(session, [one.number for one in words])
        session.execute(
            text(
                f"INSERT INTO {self._table} (rowid, names, descriptions) "
                "VALUES (:number, :names, :descriptions)"
            ),
            [
                {
                    "number": one.number,
                    "names": " ".join(one.names),
                    "descriptions": " ".join(one.descriptions),
                }
                for one in words
            ],
        )

    def forget(self, session: Session, numbers: Sequence[int]) -> None:
        session.execute(
            text(f"DELETE FROM {self._table} WHERE rowid = :number"),
            [{"number": number} for number in numbers],
        )

    def numbers(self, session: Session, terms: Terms, where: str) -> Iterable[int]:
        query = _expression(terms, both=" AND ", either=" OR ", word=_fts5_word)
        return _numbers(
            session,
            f"SELECT group_concat(rowid) FROM {self._table} WHERE {self._table} MATCH :expression",
            f"names : {query}" if where == NAMES else query,
        )

    def ranked(self, session: Session, whole: Terms, begun: Terms) -> Iterable[Iterable[int]]:
        anywhere = self.numbers(session, begun, EVERYTHING)
        if not anywhere:
            return ([], [], [])
        return (
            self.numbers(session, whole, NAMES),
            self.numbers(session, begun, NAMES),
            anywhere,
        )

    def vocabulary(self, session: Session) -> Iterable[str]:
        return session.execute(text(f"SELECT term FROM {self._table}_vocabulary")).scalars()

    def words_of(self, session: Session, numbers: Sequence[int]) -> Iterable[str]:
        for number in numbers:
            stored = session.execute(
                text(f"SELECT names, descriptions FROM {self._table} WHERE rowid = :number"),
                {"number": number},
            ).first()
            for part in stored or ():
                yield from part.split()


_AS_TEXT = "string_agg(CAST(number AS text), ',')"


class _PostgreSql:
    """Arrays of words made into tsvectors, so that no parser or locale has a say."""

    def __init__(self, table: str) -> None:
        self._table = table

    def stamp(self, session: Session) -> int:
        return _number(session, "SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint)")

    def window(self, session: Session, since: int) -> Window:
        # What commits later than it began has a number below that of others seen before. So the
        # next window begins at the oldest transaction still open. One of a later number can only
        # be of the server from which a backup was restored.
        oldest, newest = session.execute(
            text(
                "SELECT CAST(CAST(pg_snapshot_xmin(now) AS text) AS bigint), "
                "CAST(CAST(pg_snapshot_xmax(now) AS text) AS bigint) "
                "FROM pg_current_snapshot() AS now"
            )
        ).one()
        return Window(since, newest, max(since, oldest))

    def store(self, session: Session, words: Sequence[Words]) -> None:
        session.execute(
            text(
                f"INSERT INTO {self._table} (number, names, everything) "
                "VALUES (:number, array_to_tsvector(CAST(:names AS text[])), "
                "array_to_tsvector(CAST(:everything AS text[]))) "
                "ON CONFLICT (number) DO UPDATE "
                "SET names = excluded.names, everything = excluded.everything"
            ),
            [
                {
                    "number": one.number,
                    "names": list(one.names),
                    "everything": [*one.names, *one.descriptions],
                }
                for one in words
            ],
        )

    def forget(self, session: Session, numbers: Sequence[int]) -> None:
        session.execute(
            text(f"DELETE FROM {self._table} WHERE number = ANY(:numbers)"),
            {"numbers": list(numbers)},
        )

    def numbers(self, session: Session, terms: Terms, where: str) -> Iterable[int]:
        column = NAMES if where == NAMES else EVERYTHING
        return _numbers(
            session,
            f"SELECT {_AS_TEXT} FROM {self._table} WHERE {column} @@ CAST(:expression AS tsquery)",
            self._query(terms),
        )

    def _query(self, terms: Terms) -> str:
        return _expression(terms, both=" & ", either=" | ", word=_tsquery_word)

    def ranked(self, session: Session, whole: Terms, begun: Terms) -> Iterable[Iterable[int]]:
        # In one pass: fetching the rows takes longest, and those of names are among the others.
        has = f"{NAMES} @@ CAST(:whole AS tsquery)"
        begins = f"{NAMES} @@ CAST(:begun AS tsquery)"
        found = session.execute(
            text(
                f"SELECT {_AS_TEXT} FILTER (WHERE {has}), "
                f"{_AS_TEXT} FILTER (WHERE {begins} AND NOT {has}), "
                f"{_AS_TEXT} FILTER (WHERE NOT {begins}) "
                f"FROM {self._table} WHERE {EVERYTHING} @@ CAST(:begun AS tsquery)"
            ),
            {"whole": self._query(whole), "begun": self._query(begun)},
        ).one()
        return map(_read, found)

    def vocabulary(self, session: Session) -> Iterable[str]:
        return session.execute(
            text(f"SELECT word FROM ts_stat('SELECT everything FROM {self._table}')")
        ).scalars()

    def words_of(self, session: Session, numbers: Sequence[int]) -> Iterable[str]:
        return session.execute(
            text(
                f"SELECT DISTINCT unnest(tsvector_to_array(everything)) FROM {self._table} "
                "WHERE number = ANY(:numbers)"
            ),
            {"numbers": list(numbers)},
        ).scalars()


def _expression(terms: Terms, *, both: str, either: str, word: Any) -> str:
    """Return the query of a full-text search; every word is quoted, so none is an operator."""
    return f"({both.join(f'({either.join(map(word, any_of))})' for any_of in terms)})"


def _fts5_word(term: Term) -> str:
    quoted = '"' + term.word.replace('"', '""') + '"'
    return f"{quoted} *" if term.begins else quoted


def _tsquery_word(term: Term) -> str:
    quoted = "'" + term.word.replace("\\", "\\\\").replace("'", "''") + "'"
    return f"{quoted}:*" if term.begins else quoted


def _number(session: Session, query: str) -> int:
    return int(session.execute(text(query)).scalar_one())


def _numbers(session: Session, query: str, expression: str) -> list[int]:
    return _read(session.execute(text(query), {"expression": expression}).scalar_one())


def _read(numbers: str | None) -> list[int]:
    # As one text: a third of the time that tens of thousands of rows take.
    return list(map(int, numbers.split(","))) if numbers else []
