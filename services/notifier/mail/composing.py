"""Composing: the e-mails of claimed deliveries, from fragments that are written once per language.

The database is asked a few questions for all of them together. One that can't be written is
parked with its reason, one that has nothing to say any more is cancelled; the others still go.
"""

from collections.abc import Iterator, Sequence
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from services.notifier.deliveries import Claim
from services.notifier.languages import N_
from services.notifier.links import links
from services.notifier.mail.announcement_messages import AnnouncementMessages
from services.notifier.mail.confirmations import Confirmations
from services.notifier.mail.digest_messages import DigestMessages
from services.notifier.mail.envelopes import Envelope, Parked, Sender, Void
from services.notifier.mail.headers import NothingToSayError, UnwritableError
from services.notifier.mail.messages import sent_again
from services.notifier.mail.told import Teller, TellerShelf
from services.notifier.mail.welcomes import Welcomes
from services.notifier.previews.trials import Trials
from services.notifier.return_paths import ReturnMailbox
from services.notifier.vocabulary import DeliveryKind
from shared.columns import utc_now
from shared.problems import NOT_FOUND, Problem

log = structlog.get_logger(__name__)

_shelf = TellerShelf()


def compose(
    session: Session,
    claims: Sequence[Claim],
    *,
    mail_from: str,
    public_url: str,
    bounces_to: ReturnMailbox | None = None,
) -> Iterator[Envelope | Parked | Void]:
    """Yield an envelope for each claim, in their order, or why there is none.

    ``mail_from`` is the sender as people see it, ``public_url`` the start of the links.
    ``bounces_to`` is where e-mails come back to, else they come back to the sender.
    """
    now = utc_now()
    _shelf.age(now)
    sender = Sender(mail_from, links(session, public_url), bounces_to)
    digests = DigestMessages.of(
        session,
        sender,
        Teller(session, _shelf),
        [claim.digest_id for claim in claims if claim.digest_id],
        now,
    )
    confirmations = Confirmations.of(
        session, sender, [claim.request_id for claim in claims if claim.request_id], now
    )
    welcomes = Welcomes.of(
        session,
        sender,
        [claim.delivery_id for claim in claims if claim.kind is DeliveryKind.WELCOME],
        now,
    )
    trials = Trials.of(
        session,
        sender,
        [claim.delivery_id for claim in claims if claim.kind is DeliveryKind.TEST],
    )
    announcements = AnnouncementMessages.of(
        session,
        sender,
        [claim.delivery_id for claim in claims if claim.kind is DeliveryKind.ANNOUNCEMENT],
        now,
    )
    for claim in claims:
        try:
            if claim.kind is DeliveryKind.ANNOUNCEMENT:
                envelope = announcements.message(claim.delivery_id)
            elif claim.kind is DeliveryKind.TEST:
                envelope = trials.message(claim.delivery_id)
            elif claim.kind is DeliveryKind.WELCOME:
                envelope = welcomes.message(claim.delivery_id)
            elif claim.digest_id is not None:
                envelope = digests.message(claim.delivery_id, claim.digest_id)
            else:
                envelope = confirmations.message(claim.delivery_id, claim.request_id)
            yield sent_again(envelope, claim.resends, sender) if claim.resends else envelope
        except SQLAlchemyError:
            raise
        except NothingToSayError as error:
            yield Void(claim.delivery_id, str(error))
        except UnwritableError as error:
            log.warning("email_not_written", delivery_id=str(claim.delivery_id), reason=str(error))
            yield Parked(claim.delivery_id, str(error))
        except Exception as error:
            log.exception("email_not_written", delivery_id=str(claim.delivery_id))
            reason = f"The e-mail could not be written ({type(error).__name__})."
            yield Parked(claim.delivery_id, reason)


def forget() -> None:
    """Forget what this process has told, as a new process has told nothing."""
    _shelf.empty()


def digest_page(session: Session, digest_id: UUID, *, mail_from: str, public_url: str) -> str:
    """Return the digest as a page with all of its items; raise ``Problem`` when it is gone."""
    sender = Sender(mail_from, links(session, public_url))
    teller = Teller(session, TellerShelf())
    try:
        messages = DigestMessages.of(session, sender, teller, [digest_id], utc_now())
        return messages.page(session, digest_id)
    except UnwritableError:
        raise Problem(NOT_FOUND, N_("This digest is no longer kept.")) from None
