"""Signatures of webhooks (Standard Webhooks, sections on signature schemes and headers)."""

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from standardwebhooks.webhooks import Webhook

PREFIX = "whsec_"
SECRET_BYTES = 32


def new_secret() -> str:
    """Return a new secret in the form that the specification gives symmetric ones."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def headers(
    secrets_now: Sequence[str], message_id: UUID | str, at: datetime, body: str
) -> dict[str, str]:
    """Return the three headers of an attempt at that moment, with a signature by each secret.

    Two secrets sign while one takes over from the other; a receiver verifies with either.
    """
    return {
        "webhook-id": str(message_id),
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(
            Webhook(secret).sign(str(message_id), at, body) for secret in secrets_now
        ),
    }
