"""What an API key may be used for."""

from enum import StrEnum


class Scope(StrEnum):
    """What a key may be used for."""

    ACT = "act"
    FEED_READ = "feed:read"
    BOUNCES_WRITE = "bounces:write"


OF_COORDINATORS = frozenset({Scope.FEED_READ, Scope.BOUNCES_WRITE})
"""The scopes that only a coordinator may give to a key, and that end when the owner's role does."""
