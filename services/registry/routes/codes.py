"""Asking for a code: from which network, and the e-mail once the request is committed."""

import ipaddress
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from pydantic import Field
from sqlmodel import Session

from services.registry import sign_in
from services.registry.code_mail import Postman
from shared.columns import utc_now
from shared.database import after_commit
from shared.text import Output


class SignInStarted(Output):
    """A sign-in that waits for the code from the e-mail."""

    id: UUID = Field(description="Part of the address that takes the code.")
    challenge: str = Field(
        description="Kept by the browser that asked and sent with the code: the code alone is "
        "worth nothing elsewhere.",
        examples=["aRVxKGc4v0V2sJ8kLq3nD7yTzW5bE1hU9mPfXoCiNdg"],
    )
    expires_at: datetime = Field(description="Until when the code is good.")


class Codes:
    """Makes codes for the one request it belongs to."""

    def __init__(self, request: Request) -> None:
        self._policy = sign_in.CodePolicy.of(request.app.state.settings)
        self._postman: Postman = request.app.state.postman
        self._client = network(request.client.host if request.client else "")

    def send(self, session: Session, email: str, now: datetime | None = None) -> SignInStarted:
        """Make a code and send it once the transaction is committed."""
        requested = sign_in.request(
            session, email=email, client=self._client, policy=self._policy, now=now or utc_now()
        )
        letter = requested.letter
        if letter is not None:
            after_commit(session, lambda: self._postman.post(letter))
        return SignInStarted(
            id=requested.id, challenge=requested.challenge, expires_at=requested.expires_at
        )


def network(host: str) -> str:
    """Return what counts as one client: an IPv4 address, or an IPv6 network of 64 bits.

    A single line of IPv6 has 2^64 addresses, so counting addresses would limit nobody.
    """
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))


CodesByMail = Annotated[Codes, Depends(Codes)]
