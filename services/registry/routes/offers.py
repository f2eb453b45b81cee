"""Offers: what institutions give."""

from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from services.registry import support
from services.registry.routes.support_out import (
    CREATION_PROBLEMS,
    STEP_PROBLEMS,
    FilterQuery,
    OfferOut,
    OwnOffer,
    Publication,
    SupportStepOut,
    TraceableOffer,
    VisibleOffer,
    Withdrawal,
    current,
    found,
    history,
    shown,
)
from services.registry.support_lifecycle import Side
from services.registry.support_permissions import institution_to_write_for
from services.registry.support_terms import OfferChange, OfferDraft
from services.registry.tables import Institution
from shared.columns import utc_now
from shared.etags import IfMatch, etag, require_version
from shared.idempotency import Answer, Once
from shared.pagination import Page, PageQuery
from shared.problems import INVALID, NOT_FOUND, UNAUTHENTICATED, responses
from shared.web import CurrentCaller, MaybeCaller, Reading, Writing

router = APIRouter(prefix="/offers", tags=["offers"])


class NewOffer(OfferDraft):
    """An offer, with whose it is."""

    institution_id: UUID = Field(description="The institution that makes it, for which you speak.")


@router.post(
    "",
    status_code=201,
    summary="Draft an offer",
    response_model=OfferOut,
    responses=CREATION_PROBLEMS,
)
def draft_offer(body: NewOffer, caller: CurrentCaller, session: Writing, once: Once) -> Response:
    """Store an offer as a draft, which only your institution sees; by its people."""
    institution = institution_to_write_for(session, caller, body.institution_id)

    def create() -> Answer:
        said = OfferDraft.model_validate(body.model_dump(exclude={"institution_id"}))
        item = support.draft(session, institution, Side.OFFER, said, caller.id)
        session.flush()
        return Answer(
            shown(session, [item], OfferOut)[0],
            headers={"Location": f"/offers/{item.id}", "ETag": etag(item.version)},
        )

    return once.answer(session, create)


@router.get(
    "",
    summary="List offers",
    response_model=Page[OfferOut],
    responses=responses(UNAUTHENTICATED, INVALID),
)
def list_offers(
    caller: MaybeCaller, session: Reading, filters: FilterQuery, page: PageQuery
) -> Page[OfferOut]:
    """Return the offers that you may see, newest first.

    Everybody sees what is published of the institutions that they see, an institution's people all
    of their own.
    """
    return found(session, caller, Side.OFFER, filters, page=page, shown_as=OfferOut)


@router.get(
    "/{item_id}",
    summary="Read an offer",
    response_model=OfferOut,
    responses=responses(UNAUTHENTICATED, NOT_FOUND),
)
def read_offer(offer: VisibleOffer, session: Reading, response: Response) -> OfferOut:
    """Return an offer with its ETag."""
    return current(session, offer, response, OfferOut)


@router.patch(
    "/{item_id}", summary="Change an offer", response_model=OfferOut, responses=STEP_PROBLEMS
)
def change_offer(
    *,
    offer: OwnOffer,
    caller: CurrentCaller,
    expected: IfMatch,
    body: OfferChange,
    session: Writing,
    response: Response,
) -> OfferOut:
    """Change what the body names (JSON Merge Patch, RFC 7396); by its institution's people.

    Its matches are computed anew when it is published.
    """
    require_version(offer.version, expected)
    support.change(session, offer, body, caller.id)
    return current(session, offer, response, OfferOut)


@router.post(
    "/{item_id}/publish",
    summary="Publish an offer",
    response_model=OfferOut,
    responses=STEP_PROBLEMS,
)
def publish_offer(
    *,
    offer: OwnOffer,
    caller: CurrentCaller,
    expected: IfMatch,
    session: Writing,
    response: Response,
    _body: Publication | None = None,
) -> OfferOut:
    """Show a draft, or what has expired, to others and compute its matches.

    Only a verified institution publishes. It names a theme, and its last day is to come.
    """
    require_version(offer.version, expected)
    institution = session.get_one(Institution, offer.institution_id)
    support.publish(session, offer, institution, caller.id, utc_now())
    return current(session, offer, response, OfferOut)


@router.post(
    "/{item_id}/withdraw",
    summary="Withdraw an offer",
    response_model=OfferOut,
    responses=STEP_PROBLEMS,
)
def withdraw_offer(
    *,
    offer: OwnOffer,
    caller: CurrentCaller,
    expected: IfMatch,
    session: Writing,
    response: Response,
    body: Withdrawal | None = None,
) -> OfferOut:
    """Take an offer back; requests for an introduction that nobody has answered end with it.

    One that is matched or agreed can't be withdrawn: say first that its introduction fell through.
    """
    require_version(offer.version, expected)
    support.withdraw(session, offer, caller.id, body.reason if body else None)
    return current(session, offer, response, OfferOut)


@router.get(
    "/{item_id}/history",
    summary="Read the history of an offer",
    response_model=Page[SupportStepOut],
    responses=responses(UNAUTHENTICATED, NOT_FOUND, INVALID),
)
def read_offer_history(
    offer: TraceableOffer, session: Reading, page: PageQuery
) -> Page[SupportStepOut]:
    """Return every step, oldest first; to its institution's people and coordinators."""
    return history(session, offer, page)
