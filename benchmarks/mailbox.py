"""The mail catcher, read by its API."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx


@dataclass(frozen=True)
class Letter:
    """One caught e-mail."""

    id: str
    subject: str
    received_at: float
    """Seconds of ``time.time`` when the catcher had taken it."""


class Mailbox:
    """The letters of the catcher."""

    def __init__(self, base_url: str) -> None:
        self._http = httpx.Client(base_url=base_url, timeout=10)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def wait_for(self, address: str, kind: str, count: int, seconds: float = 30.0) -> list[Letter]:
        """Return the letters of a kind to an address, oldest first, once there are ``count``.

        ``TimeoutError`` when fewer arrive within ``seconds``.
        """
        deadline = time.monotonic() + seconds
        while True:
            letters = self.letters(address, kind)
            if len(letters) >= count:
                return letters
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(letters)} of {count} letters ({kind}) arrived.")
            time.sleep(0.05)

    def letters(self, address: str, kind: str) -> list[Letter]:
        """Return the letters of a kind to an address, oldest first."""
        answer = self._http.get("/api/messages", params={"to": address, "kind": kind})
        items: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
        letters = [
            Letter(
                id=str(item["id"]),
                subject=item["subject"],
                received_at=datetime.fromisoformat(item["received_at"]).timestamp(),
            )
            for item in items
        ]
        return sorted(letters, key=lambda letter: letter.received_at)

    def text(self, letter: Letter) -> str:
        """Return the plain text of a letter."""
        return self._http.get(f"/api/messages/{letter.id}.txt").raise_for_status().text
