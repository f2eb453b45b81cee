"""Where the content of attachments is: a folder on a volume, or a bucket that speaks S3.

An object is named by the SHA-256 of its content and never changes. The database says which objects
are meant to be there; `hold` lets one process at a time decide about one of them.
"""

import hashlib
import os
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import text
from sqlmodel import Session

from services.workgroups.settings import Settings
from shared.problems import UNAVAILABLE, Problem

if TYPE_CHECKING:
    from obstore.store import ObjectStore, S3Config

log = structlog.get_logger(__name__)

S3 = "s3://"
_LOCK = 5_117
"""Tells the locks on attachments from others of the database."""


class AttachmentStore:
    """The objects, each found by its digest."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def put(self, content: bytes) -> str:
        """Store the content and return its digest; storing it again changes nothing.

        Raises a Problem (503) when the store doesn't take it.
        """
        import obstore

        digest = digest_of(content)
        try:
            obstore.put(self._store, _key(digest), content)
            self._reach_the_disk(digest)
        except Exception as error:
            raise _away("put", error) from error
        return digest

    def get(self, digest: str) -> bytes:
        """Return the content; a Problem (503) when it isn't to be had, or isn't what it was."""
        import obstore

        try:
            content = bytes(obstore.get(self._store, _key(digest)).bytes())
        except Exception as error:
            raise _away("get", error) from error
        if digest_of(content) != digest:
            raise _away("get", ValueError("The content has another digest."))
        return content

    def remove(self, digest: str) -> None:
        """Delete an object; one that isn't there is no error."""
        import obstore

        try:
            obstore.delete(self._store, _key(digest))
        except FileNotFoundError:
            return
        except Exception as error:
            raise _away("delete", error) from error

    def digests(self) -> Iterator[str]:
        """Yield the digest of every object that is there."""
        if not self._settings.attachments.startswith(S3) and not self._folder.exists():
            return
        import obstore

        for page in obstore.list(self._store):
            for found in page:
                yield found["path"].rpartition("/")[2]

    @property
    def _store(self) -> "ObjectStore":
        return _opened(
            self._settings.attachments,
            self._settings.attachments_endpoint,
            self._settings.attachments_region,
            _secret(self._settings, "attachments_access_key_id"),
            _secret(self._settings, "attachments_secret_access_key"),
        )

    @property
    def _folder(self) -> Path:
        return Path(self._settings.attachments).absolute()

    def _reach_the_disk(self, digest: str) -> None:
        # A row must not outlive its object at a power cut; a bucket sees to that by itself.
        if self._settings.attachments.startswith(S3):
            return
        path = self._folder / _key(digest)
        for place in (path, path.parent):
            handle = os.open(place, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def digest_of(content: bytes) -> str:
    """Return the name of an object with this content."""
    return hashlib.sha256(content).hexdigest()


def hold(session: Session, digest: str) -> None:
    """Let nobody else add or remove the object of this digest until the transaction ends."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(
            text("SELECT pg_advisory_xact_lock(:space, :number)"),
            {"space": _LOCK, "number": int(digest[:8], 16) - 2**31},
        )
    else:
        # There is one writer at a time; any statement makes this one that.
        session.execute(text("SELECT 1"))


def _key(digest: str) -> str:
    return f"{digest[:2]}/{digest}"


@cache
def _opened(
    place: str, endpoint: str | None, region: str, key_id: str | None, secret: str | None
) -> "ObjectStore":
    # Loaded by the first attachment only: it takes 7 MB, and most processes never see one.
    from obstore.store import LocalStore, S3Store

    if not place.startswith(S3):
        return LocalStore(Path(place).absolute(), mkdir=True)
    bucket, _, prefix = place.removeprefix(S3).partition("/")
    config: S3Config = {"region": region}
    if endpoint:
        config["endpoint"] = endpoint
    if key_id and secret:
        config["access_key_id"] = key_id
        config["secret_access_key"] = secret
    plain = bool(endpoint and endpoint.startswith("http://"))
    return S3Store(
        bucket,
        prefix=prefix or None,
        config=config,
        client_options={"allow_http": plain, "timeout": "30s"},
        retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=20)},
    )


def _secret(settings: Settings, name: str) -> str | None:
    value = getattr(settings, name)
    return value.get_secret_value() if value else None


def _away(act: str, error: Exception) -> Problem:
    # What the store says may hold its address; the kind of error is enough to look further.
    log.error("attachment_store_failed", act=act, error=type(error).__name__)
    return Problem(
        UNAVAILABLE,
        "The store of attachments doesn't answer as it should. Try again in a moment.",
        headers={"Retry-After": "5"},
    )
