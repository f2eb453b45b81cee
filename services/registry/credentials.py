"""Secrets that people and systems carry: how they are made, and how they are kept.

What is kept is a digest. A plain SHA-256 is enough for a secret of 256 random bits; the six digits
of a code are not, so their digest is keyed with the challenge, which is not kept.
"""

import hashlib
import hmac
import secrets
from datetime import timedelta

SESSION_PREFIX = "sl_session_"
API_KEY_PREFIX = "sl_key_"
SESSION_LIFE = timedelta(days=30)

CODE_DIGITS = 6


def new_secret(prefix: str = "") -> str:
    """Return a secret of 256 random bits. The prefix lets secret scanners recognise it."""
    return prefix + secrets.token_urlsafe(32)


def new_code() -> str:
    """Return the six digits of a code."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"


def digest(secret: str) -> str:
    """Return what is kept of a secret: 64 hexadecimal characters."""
    return hashlib.sha256(secret.encode()).hexdigest()


def code_digest(challenge: str, code: str) -> str:
    """Return what is kept of a code; useless to a reader of the database without the challenge."""
    return hmac.new(challenge.encode(), code.encode(), hashlib.sha256).hexdigest()


def same(left: str, right: str) -> bool:
    """Compare two digests in constant time."""
    return hmac.compare_digest(left, right)
