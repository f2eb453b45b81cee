"""Keys with which other systems call."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session, select

from services.registry import credentials
from services.registry.permissions import is_coordinator_id
from services.registry.scopes import OF_COORDINATORS, Scope
from services.registry.tables import ApiKey
from shared.columns import utc_now
from shared.identity import Caller
from shared.problems import FORBIDDEN, INVALID, NOT_FOUND, FieldError, Problem

FEED_KEY_NAME = "Feed key of this installation (REGISTRY_FEED_KEY)"
FEED_KEY_MIN_LENGTH = 24


def create(
    session: Session,
    *,
    name: str,
    scopes: frozenset[Scope],
    owner_id: UUID | None,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Store a new key and return it with its secret, which can't be read again.

    ``owner_id`` is the person for whom it acts; a key of the installation itself has none. Raises
    a Problem: 403 for the scopes feed:read and bounces:write when the owner is no coordinator, 422
    for an expiry that is not in the future or a key that would act for nobody.
    """
    if expires_at is not None and expires_at <= utc_now():
        raise Problem(
            INVALID,
            "The key would have expired already. Give a time in the future.",
            errors=[FieldError(pointer="/expires_at", detail="Give a time in the future.")],
        )
    if owner_id is None and Scope.ACT in scopes:
        raise Problem(INVALID, "A key that acts needs a person for whom it acts.")
    if (
        owner_id is not None
        and scopes & OF_COORDINATORS
        and not is_coordinator_id(session, owner_id)
    ):
        raise Problem(
            FORBIDDEN, "Only a coordinator may make a key that reads the feed or reports bounces."
        )
    secret = credentials.new_secret(credentials.API_KEY_PREFIX)
    key = ApiKey(
        name=name,
        owner_id=owner_id,
        scopes=" ".join(sorted(scopes)),
        key_digest=credentials.digest(secret),
        expires_at=expires_at,
    )
    session.add(key)
    session.flush()
    return key, secret


def revoke(session: Session, key_id: UUID, owner_id: UUID) -> None:
    """Make a key useless at once; a Problem (404) when it isn't the owner's."""
    key = session.get(ApiKey, key_id)
    if key is None or key.owner_id != owner_id:
        raise Problem(NOT_FOUND, "You have no API key of that id.")
    if key.revoked_at is None:
        key.revoked_at = utc_now()
        session.add(key)


def register_feed_key(session: Session, secret: str) -> bool:
    """Let the configured secret read the feed, and no secret that was configured before.

    Returns whether anything changed. Raises ``ValueError`` for a secret too short to be one.
    """
    if len(secret) < FEED_KEY_MIN_LENGTH:
        raise ValueError(
            f"REGISTRY_FEED_KEY has {len(secret)} characters; give a random one of at least "
            f"{FEED_KEY_MIN_LENGTH}."
        )
    changed = False
    known = False
    for key in session.exec(select(ApiKey).where(ApiKey.name == FEED_KEY_NAME)):
        is_it = key.key_digest == credentials.digest(secret)
        known = known or is_it
        wanted = None if is_it else key.revoked_at or utc_now()
        if key.revoked_at != wanted:
            key.revoked_at = wanted
            session.add(key)
            changed = True
    if not known:
        session.add(
            ApiKey(
                name=FEED_KEY_NAME,
                scopes=Scope.FEED_READ,
                key_digest=credentials.digest(secret),
            )
        )
    return changed or not known


def caller_with(session: Session, secret: str, now: datetime) -> Caller | None:
    """Return for whom a key speaks, or ``None`` when it is unknown, expired or revoked.

    A person's key speaks for the person only with the scope ``act``; without it the caller is the
    key itself, which has no role. It reads the feed, and reports bounces, only while its owner
    coordinates.
    """
    key = session.exec(
        select(ApiKey).where(ApiKey.key_digest == credentials.digest(secret))
    ).first()
    if key is None or key.revoked_at is not None:
        return None
    if key.expires_at is not None and key.expires_at <= now:
        return None
    scopes = frozenset(key.scopes.split())
    if key.owner_id is not None and not is_coordinator_id(session, key.owner_id):
        scopes -= {each.value for each in OF_COORDINATORS}
    if key.owner_id is not None and Scope.ACT in scopes:
        return Caller(id=key.owner_id, kind="person", scopes=scopes)
    return Caller(id=key.id, kind="system", scopes=scopes)
