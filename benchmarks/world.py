"""What the measured changes are made on, set up through the public APIs like any user would."""

import re
from collections import Counter
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import httpx

from benchmarks.mailbox import Mailbox
from benchmarks.stack import Stack

FOCAL_POINT = "focal.point@example.org"
READER = "reader@example.org"

CODE = re.compile(r"^\s*(\d{6})\s*$", re.MULTILINE)
CONFIRM_LINK = re.compile(r"/confirm\?token=(\S+)")


@dataclass
class Registered:
    """One institution, as far as the next change needs to know it."""

    id: UUID
    version: int
    status: str


class World:
    """A coordinator and a focal point who are signed in, and what they made."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self._http = httpx.Client(timeout=30)
        self._mail = Mailbox(stack.mail_url)
        self._codes: Counter[str] = Counter()
        self.coordinator = self._signed_in(stack.coordinator)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()
        self._mail.close()

    def register(self, count: int) -> tuple[list[Registered], dict[str, str]]:
        """Register ``count`` institutions of one focal point and confirm the address.

        Returns them, submitted, and the header that authorises the focal point.
        """
        for number in range(count):
            # E-mails overtake each other; the code of the last registration must come last.
            self._mail.wait_for(FOCAL_POINT, "sign-in", self._codes[FOCAL_POINT])
            self._codes[FOCAL_POINT] += 1
            answer = self._post(
                f"{self.stack.registry_url}/institutions",
                {
                    "name": f"Measured Institution {number:05}",
                    "organisation_type": "10",
                    "country": "TH",
                    "subtype": "ministry",
                    "focal_point": {"name": "Focal Point", "email": FOCAL_POINT},
                },
            )
        focal_point = self._confirmed(FOCAL_POINT, answer["sign_in"])
        items = self._all(
            f"{self.stack.registry_url}/institutions", {"status": "submitted"}, self.coordinator
        )
        registered = [
            Registered(UUID(item["id"]), item["version"], item["status"]) for item in items
        ]
        return registered, focal_point

    def verify(self, institution: Registered) -> None:
        """Let the coordinator verify a submitted institution."""
        self._post(
            f"{self.stack.registry_url}/institutions/{institution.id}/verify",
            {
                "evidence": "Made for a measurement.",
                "checklist": [
                    {"item": item, "outcome": "confirmed"}
                    for item in ("contact_confirmed", "nomination_letter")
                ],
            },
            {**self.coordinator, "If-Match": f'"{institution.version}"'},
        )

    def open_group(self, member: Registered) -> UUID:
        """Open a group under a theme of its own, with one member; return its id."""
        workgroups = self.stack.workgroups_url
        self._post(
            f"{workgroups}/themes",
            {"slug": "measurement", "title": "Measurement"},
            self.coordinator,
        )
        group = self._post(
            f"{workgroups}/groups",
            {
                "slug": "measured",
                "title": "Measured",
                "purpose": "To be measured.",
                "theme_slug": "measurement",
            },
            self.coordinator,
        )
        self._eventually(
            f"{workgroups}/groups/{group['id']}/members",
            {"institution_id": str(member.id)},
            self.coordinator,
        )
        return UUID(group["id"])

    def subscribe_at_once(self, group: UUID) -> None:
        """Subscribe a reader to every update of a group, and confirm the subscription."""
        notifier = self.stack.notifier_url
        asked = self._eventually(
            f"{notifier}/subscriptions",
            {
                "email": READER,
                "target": {"kind": "group", "id": str(group)},
                "frequency": "immediate",
            },
        )
        letter = self._mail.wait_for(READER, "confirmation", 1)[0]
        match = CONFIRM_LINK.search(self._mail.text(letter))
        if match is None:
            raise RuntimeError("The confirmation e-mail has no link.")
        self._post(
            f"{notifier}/subscriptions/{asked['subscription_id']}/confirm",
            {"token": match[1]},
        )

    def _signed_in(self, email: str) -> dict[str, str]:
        self._codes[email] += 1
        return self._confirmed(
            email, self._post(f"{self.stack.registry_url}/sign-ins", {"email": email})
        )

    def _confirmed(self, email: str, sign_in: dict[str, Any]) -> dict[str, str]:
        """Sign in with the newest code that arrived; return the header that authorises."""
        letters = self._mail.wait_for(email, "sign-in", self._codes[email])
        match = CODE.search(self._mail.text(letters[-1]))
        if match is None:
            raise RuntimeError("The e-mail has no code.")
        answer = self._post(
            f"{self.stack.registry_url}/sign-ins/{sign_in['id']}/confirm",
            {"code": match[1], "challenge": sign_in["challenge"]},
        )
        return {"Authorization": f"Bearer {answer['access_token']}"}

    def _all(
        self, url: str, query: dict[str, str], headers: dict[str, str]
    ) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            parameters = {"limit": "200"} | query | ({"cursor": cursor} if cursor else {})
            page = self._http.get(url, params=parameters, headers=headers).raise_for_status().json()
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return items

    def _eventually(
        self, url: str, body: dict[str, Any], headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """POST until what it refers to has arrived there as an event."""
        return self.stack.eventually(lambda: self._post(url, body, headers), f"POST {url}")

    def _post(
        self, url: str, body: dict[str, Any], headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        answer = self._http.post(url, json=body, headers=headers)
        if answer.is_error:
            raise RuntimeError(f"POST {url}: {answer.status_code} {answer.text}")
        content: dict[str, Any] = answer.json()
        return content
