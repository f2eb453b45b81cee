"""Reading another service's feed."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import httpx

from shared.events.envelope import Event
from shared.feed_headers import EPOCH_HEADER, HEAD_HEADER


@dataclass(frozen=True)
class FeedPage:
    """A page of a feed."""

    epoch: UUID
    head: int
    """The position of the newest event of the source."""
    events: list[Event]


class FeedClient:
    """The feed of the service at ``base_url``, read with tokens from ``token``."""

    def __init__(self, base_url: str, token: Callable[[], str]) -> None:
        self._token = token
        self._client = httpx.Client(base_url=base_url)

    def read(self, after: int, limit: int = 500, wait: float = 0) -> FeedPage:
        """Return events after a position, waiting up to ``wait`` seconds for one.

        Raises ``httpx.HTTPError`` when the service doesn't answer well, ``ValueError`` when its
        answer is not a feed.
        """
        answer = self._client.get(
            "/feed",
            params={"after": after, "limit": limit, "wait": wait},
            headers={"Authorization": f"Bearer {self._token()}"},
            timeout=httpx.Timeout(10, read=wait + 10),
        )
        answer.raise_for_status()
        return FeedPage(
            epoch=UUID(answer.headers[EPOCH_HEADER]),
            head=int(answer.headers[HEAD_HEADER]),
            events=[Event.model_validate(event) for event in answer.json()],
        )

    def close(self) -> None:
        """Close its connections."""
        self._client.close()
