"""Clearing away objects that no attachment refers to: the calendar does it."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from services.workgroups.attachment_store import AttachmentStore, hold
from services.workgroups.tables import Attachment, AttachmentSweep

SWEEP_EVERY = timedelta(hours=1)
AT_A_TIME = 100
"""How many objects are cleared in one transaction."""


def clear_removed(session: Session, store: AttachmentStore) -> int:
    """Delete some of the objects whose last file was removed; return how many files that were."""
    waiting = session.exec(
        select(Attachment)
        .where(col(Attachment.removed_at).is_not(None), col(Attachment.cleared).is_(False))
        .order_by(col(Attachment.removed_at))
        .limit(AT_A_TIME)
        .with_for_update(skip_locked=True)
    ).all()
    for digest in sorted({attachment.digest for attachment in waiting}):
        _remove_unused(session, store, digest)
    for attachment in waiting:
        attachment.cleared = True
        session.add(attachment)
    session.flush()
    return len(waiting)


def sweep(session: Session, store: AttachmentStore, now: datetime) -> int:
    """Delete some of the objects that no file refers to; return how many.

    They are left when a process is killed between an object and its row, or a draft is discarded.
    It looks for them once an hour.
    """
    last = session.exec(select(AttachmentSweep).with_for_update(skip_locked=True)).first()
    if last is not None and last.swept_at > now - SWEEP_EVERY:
        return 0
    removed = 0
    for digest in _orphans(session, store):
        removed += _remove_unused(session, store, digest)
        if removed == AT_A_TIME:
            return removed
    session.merge(AttachmentSweep(id=1, swept_at=now))
    return removed


def _orphans(session: Session, store: AttachmentStore) -> list[str]:
    digests = list(store.digests())
    orphans = []
    for start in range(0, len(digests), 500):
        some = digests[start : start + 500]
        known = set(
            session.exec(
                select(Attachment.digest).where(
                    col(Attachment.digest).in_(some), col(Attachment.cleared).is_(False)
                )
            )
        )
        orphans += [digest for digest in some if digest not in known]
    return orphans


def _remove_unused(session: Session, store: AttachmentStore, digest: str) -> bool:
    # Whoever attaches the same content at this moment waits, or has its row by now.
    hold(session, digest)
    used = session.exec(
        select(Attachment.id).where(
            Attachment.digest == digest, col(Attachment.removed_at).is_(None)
        )
    ).first()
    if used is not None:
        return False
    store.remove(digest)
    return True
