"""Callers with tokens, as the registry makes them."""

from uuid import UUID

from joserfc.jwk import OKPKey

from shared.events.catalogue import CoordinatorAppointed
from shared.identity import Caller, sign_token
from shared.ids import new_id
from tests.notifier.world import World


def bearer(key: OKPKey, person_id: UUID, seconds: int = 600) -> dict[str, str]:
    """Return the header with a token of that person."""
    return {"Authorization": f"Bearer {sign_token(key, Caller(person_id), seconds)}"}


def person(key: OKPKey, person_id: UUID) -> dict[str, str]:
    """Return the header with a token of a person who acts."""
    caller = Caller(person_id, scopes=frozenset({"act"}))
    return {"Authorization": f"Bearer {sign_token(key, caller, 600)}"}


def coordinator(world: World, key: OKPKey) -> dict[str, str]:
    """Appoint a coordinator and return the header with the token."""
    person_id = new_id()
    world.tell(CoordinatorAppointed(person_id=person_id, person_name="Denis Nkala"))
    return bearer(key, person_id)
