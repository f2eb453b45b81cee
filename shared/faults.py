"""Whose fault an error is, and how to say it."""

import sqlite3

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

_PASSING_ON_SQLITE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
}
_PRIMARY_CODE = 0xFF
_LONGEST = 2_000


def is_passing(error: BaseException) -> bool:
    """Whether the database is away, full or busy: to try again helps, to blame an event doesn't."""
    if isinstance(error, PoolTimeoutError | InterfaceError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if isinstance(error.orig, sqlite3.OperationalError):
        # SQLite says "operational" of a missing table too.
        return error.orig.sqlite_errorcode & _PRIMARY_CODE in _PASSING_ON_SQLITE
    return error.connection_invalidated or isinstance(error, OperationalError)


def in_words(error: BaseException | None) -> str:
    """Return an error in words, without the values of an SQL statement: they may be personal."""
    cause = error.orig if isinstance(error, StatementError) and error.orig else error
    lines = str(cause).strip().splitlines()
    return f"{type(cause).__name__}: {lines[0] if lines else ''}"[:_LONGEST]
