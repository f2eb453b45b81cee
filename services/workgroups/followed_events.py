"""Effects of the registry's events on what workgroups itself decides, each of them once.

A read model may be written again from the whole history. A membership may not: what happened to it
since would be lost. So each event whose effect was taken is noted in the transaction of the effect.
"""

from sqlmodel import Session

from services.workgroups.tables import Checkpoint, FollowedEvent, FollowedSince
from shared.events.envelope import Event


def first_time(session: Session, event: Event) -> bool:
    """Tell whether the effect of the event is still to be taken, and note that it is taken now.

    An event that this database applied before it followed any has no effect any more.
    """
    if session.get(FollowedEvent, event.id) is not None or _before_following(session, event):
        return False
    session.add(FollowedEvent(event_id=event.id))
    session.flush()
    return True


def _before_following(session: Session, event: Event) -> bool:
    since = session.get(FollowedSince, event.source)
    if since is None or event.sequence is None or event.position > since.position:
        return False
    checkpoint = session.get(Checkpoint, event.source)
    # While the read models are rebuilt there is none; then the history is the same as before.
    return checkpoint is None or checkpoint.epoch == since.epoch
