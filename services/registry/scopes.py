"""What an API key may be used for."""

from enum import StrEnum


class Scope(StrEnum):
    """What a key may be used for."""

    ACT = "act"
    FEED_READ = "feed:read"
