"""Tokens: what a key is exchanged for, the keys that verify them, and signing out."""

from typing import Annotated, Any, Literal

import structlog
from fastapi import APIRouter, Depends, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import Field
from sqlalchemy.exc import OperationalError

from services.registry import sessions
from services.registry.settings import Settings
from services.registry.signing_key import SigningKeys
from shared.columns import utc_now
from shared.database import Database
from shared.faults import in_words
from shared.identity import Caller, sign_token, unauthenticated
from shared.problems import UNAUTHENTICATED, responses
from shared.text import Output
from shared.web import Writing

log = structlog.get_logger(__name__)

router = APIRouter(tags=["sign-in"])

_key = HTTPBearer(
    auto_error=False, scheme_name="Key", description="A session key or an API key, not a token."
)


def _presented(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_key)]) -> str:
    if credentials is None:
        raise unauthenticated("Send a session key or API key as Authorization: Bearer <key>.")
    return credentials.credentials


PresentedKey = Annotated[str, Depends(_presented)]


class Token(Output):
    """A short-lived access token (RFC 6750)."""

    access_token: str = Field(description="Send it as `Authorization: Bearer …` to every service.")
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105
    expires_in: int = Field(description="How long the token is good, in seconds.", examples=[600])


class PublicKeys(Output):
    """A JWK set (RFC 7517)."""

    keys: list[dict[str, Any]] = Field(
        examples=[
            [
                {
                    "kty": "OKP",
                    "crv": "Ed25519",
                    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                    "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
                }
            ]
        ]
    )


def token_for(request: Request, caller: Caller) -> Token:
    """Return a token that speaks for the caller."""
    settings: Settings = request.app.state.settings
    keys: SigningKeys = request.app.state.signing_keys
    return Token(
        access_token=sign_token(keys.signer, caller, settings.token_seconds),
        expires_in=settings.token_seconds,
    )


@router.post(
    "/tokens",
    summary="Exchange a key for an access token",
    response_model=Token,
    responses=responses(UNAUTHENTICATED),
)
def exchange(key: PresentedKey, request: Request) -> Token:
    """Return an access token for a session key or API key, sent as bearer.

    A token lives for minutes and is verified without asking the registry; a key that is revoked
    gets no new one.
    """
    now = utc_now()
    database: Database = request.app.state.database
    # Two connections at once in many requests could wait for each other for ever.
    with database.read() as session:
        exchanged = sessions.exchange(session, key, now)
    if exchanged.note:
        try:
            with database.write() as writing:
                sessions.note_use(writing, exchanged, now)
        except OperationalError as error:
            # To know when a key was used is worth less than being able to use it.
            log.warning("use_not_noted", error=in_words(error))
    return token_for(request, exchanged.caller)


@router.delete(
    "/sessions/current",
    status_code=204,
    summary="Sign out",
    responses=responses(UNAUTHENTICATED),
)
def sign_out(key: PresentedKey, session: Writing) -> None:
    """End the session whose key is sent as bearer; tokens made of it end within minutes."""
    sessions.end(session, key, utc_now())


@router.get(
    "/.well-known/jwks.json",
    summary="The keys that verify tokens",
    response_model=PublicKeys,
)
def read_key_set(request: Request, response: Response) -> PublicKeys:
    """Return the public keys (RFC 7517) with which every service verifies access tokens."""
    keys: SigningKeys = request.app.state.signing_keys
    response.headers["Cache-Control"] = "public, max-age=300"
    return PublicKeys.model_validate(keys.published.as_dict())
