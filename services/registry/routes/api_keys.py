"""Keys for other systems."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import AwareDatetime, Field
from sqlmodel import col, select

from services.registry import api_keys
from services.registry.own_profile import present
from services.registry.routes.permitted import CurrentPerson
from services.registry.scopes import Scope
from services.registry.tables import ApiKey
from shared.pagination import Page, PageQuery, paginate
from shared.problems import FORBIDDEN, INVALID, NOT_FOUND, UNAUTHENTICATED, responses
from shared.text import Input, Name, Output
from shared.web import Reading, Writing

router = APIRouter(prefix="/api-keys", tags=["sign-in"])


class KeyRequest(Input):
    """The key to make."""

    name: Name = Field(
        description="What it is for, so that you know it again.", examples=["Our CRM"]
    )
    scopes: Annotated[
        list[Scope],
        Field(
            min_length=1,
            max_length=len(Scope),
            description="`act`: do what you may do; `feed:read`: read the event feed; "
            "`bounces:write`: report bounces of e-mails to the notifier.",
            examples=[["act"]],
        ),
    ]
    expires_at: AwareDatetime | None = Field(
        None, description="When it ends by itself; never when absent."
    )


class KeyOut(Output):
    """A key, without its secret."""

    id: UUID
    name: str
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None = Field(description="To the minute; null when never used.")


class NewKey(KeyOut):
    """A key with its secret, which is shown this once."""

    key: str = Field(examples=["sl_key_Wc0v8mQh5aGd3kTn1rJ7yLx9bPz2sFe4uVi6oNqXtKM"])


@router.post(
    "",
    status_code=201,
    summary="Make an API key",
    response_model=NewKey,
    responses=responses(UNAUTHENTICATED, FORBIDDEN, INVALID),
)
def make_key(
    body: KeyRequest, caller: CurrentPerson, session: Writing, response: Response
) -> NewKey:
    """Make a key with which a system acts for you, or, for a coordinator, reads the feed or reports
    bounces.

    The secret is shown this once. An Idempotency-Key is not taken here: repeating the answer would
    mean keeping the secret. If the answer is lost, revoke the key and make another.
    """
    present(session, caller.id)
    key, secret = api_keys.create(
        session,
        name=body.name,
        scopes=frozenset(body.scopes),
        owner_id=caller.id,
        expires_at=body.expires_at,
    )
    response.headers["Location"] = f"/api-keys/{key.id}"
    return NewKey(**_described(key).model_dump(), key=secret)


@router.get(
    "",
    summary="List your API keys",
    response_model=Page[KeyOut],
    responses=responses(UNAUTHENTICATED, FORBIDDEN, INVALID),
)
def list_keys(caller: CurrentPerson, session: Reading, page: PageQuery) -> Page[KeyOut]:
    """Return the keys that act for you, oldest first, without their secrets."""
    found = paginate(
        session, select(ApiKey).where(ApiKey.owner_id == caller.id), col(ApiKey.id), page
    )
    return Page(items=[_described(key) for key in found.items], next_cursor=found.next_cursor)


@router.delete(
    "/{key_id}",
    status_code=204,
    summary="Revoke an API key",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND),
)
def revoke_key(
    key_id: Annotated[UUID, Path(description="The key's id.")],
    caller: CurrentPerson,
    session: Writing,
) -> None:
    """Make a key useless: it gets no token from now on, and its last one ends within minutes."""
    api_keys.revoke(session, key_id, caller.id)


def _described(key: ApiKey) -> KeyOut:
    return KeyOut.model_validate({**key.model_dump(), "scopes": key.scopes.split()})
