"""Announcements in a test's world: who writes, who approves, who reads."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi.testclient import TestClient
from httpx import Response
from joserfc.jwk import OKPKey
from sqlmodel import select

from services.notifier import role_subscriptions, targets
from services.notifier.announcements import going_out
from services.notifier.subscribers import Hours
from services.notifier.tables import Announcement, Delivery, Subscription
from services.notifier.vocabulary import AnnouncementState, DeliveryKind, Frequency
from shared.columns import utc_now
from tests.notifier import partners
from tests.notifier.callers import person as signed_in
from tests.notifier.world import World

ENGLISH = {
    "subject": "The meeting moves to Bangkok",
    "text": "The meeting is in **Bangkok**. [Register](https://south.example.org/register).",
}
ARABIC = {"subject": "ينتقل الاجتماع إلى بانكوك", "text": "يُعقد الاجتماع في **بانكوك**."}

RICH = """# Agenda

Come to **Bangkok**, _please_, not ~~Geneva~~. `Room 3`

1. Opening
2. Needs

   - Rice
   - Seeds

> As agreed in March.

| Day | Topic |
|-----|-------|
| One | Rice  |

    a line of code

---
![The hall](https://tracker.example/pixel.gif) <script>alert(1)</script>
[No](javascript:alert(1)) [Yes](https://south.example.org/a?b=1&c=2) <a@example.org>
"""
"""A text with every form that Markdown has, and some that mean harm."""


@dataclass
class Desk:
    """The API as several people use it."""

    world: World
    client: TestClient
    key: OKPKey
    limit: int = 500

    def __post_init__(self) -> None:
        self.world.open_group()
        self.set_limit(self.limit)

    def set_limit(self, limit: int) -> None:
        """Let so many be reached without a second person."""
        self.limit = limit
        app: Any = self.client.app
        app.state.settings.announcement_limit = limit

    def coordinator(self, email: str = "denis@example.org") -> UUID:
        """Let somebody coordinate the platform."""
        person_id = partners.person(self.world, email)
        partners.coordinates(self.world, person_id)
        self.follow_roles()
        return person_id

    def lead(self, email: str = "lead@example.org", role: str = "coordinator") -> UUID:
        """Let somebody have a role in the group, which leads it."""
        person_id = partners.person(self.world, email)
        partners.has_role(self.world, person_id, role)
        self.follow_roles()
        return person_id

    def focal_point(self, email: str) -> UUID:
        """Let somebody speak for an institution that is a member of the group."""
        institution = partners.institution(self.world, f"The institution of {email}")
        partners.belongs(self.world, institution)
        person_id = partners.person(self.world, email)
        partners.speaks_for(self.world, person_id, institution)
        return person_id

    def follower(
        self, email: str, frequency: Frequency = Frequency.DAILY, language: str = "en"
    ) -> Subscription:
        """Let somebody follow the group, who is known by the address alone."""
        target = targets.group(self.world.group_id)
        return self.world.subscribe(email, frequency, target, hours=Hours(language))

    def followers(self, number: int) -> list[str]:
        """Let so many follow the group."""
        addresses = [f"reader{each:03}@example.org" for each in range(number)]
        for address in addresses:
            self.follower(address)
        return addresses

    def follow_roles(self) -> None:
        """Do the sweep's part: what roles bring; letters of welcome are of no interest here."""
        with self.world.database.write() as session:
            role_subscriptions.bring_up_to_date(session, utc_now())
            for letter in session.exec(
                select(Delivery).where(Delivery.kind == DeliveryKind.WELCOME)
            ).all():
                session.delete(letter)

    def call(
        self,
        by: UUID,
        method: str,
        path: str,
        body: Any = None,
        *,
        version: int | None = None,
    ) -> Response:
        """Ask as somebody, for the version that they saw."""
        headers = signed_in(self.key, by)
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        sent = {} if body is None else {"json": body}
        answer: Response = self.client.request(method, path, headers=headers, **sent)
        return answer

    def draft(self, by: UUID, **changes: Any) -> dict[str, Any]:
        """Write an announcement to the group."""
        body = {"group_id": str(self.world.group_id), "texts": {"en": ENGLISH}, **changes}
        answer = self.call(by, "POST", "/announcements", body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def act(
        self, by: UUID, announcement: dict[str, Any], act: str, body: Any = None
    ) -> dict[str, Any]:
        """Submit, approve, refuse or cancel what somebody saw; it is possible."""
        path = f"/announcements/{announcement['id']}/{act}"
        answer = self.call(by, "POST", path, body, version=announcement["version"])
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def submitted(self, by: UUID, **changes: Any) -> dict[str, Any]:
        """Write an announcement and submit it."""
        return self.act(by, self.draft(by, **changes), "submission")

    def make(self, announcement_id: str | UUID) -> None:
        """Do the worker's part up to the e-mails."""
        while True:
            with self.world.database.write() as session:
                made = going_out.step(session, UUID(str(announcement_id)), self.limit, utc_now())
            if made is None:
                return

    def send(self, announcement_id: str | UUID) -> AnnouncementState:
        """Do all of the workers' part; return the state that it comes to."""
        self.make(announcement_id)
        self.world.deliver_all()
        with self.world.database.write() as session:
            going_out.finish_settled(session, utc_now())
            found = session.get_one(Announcement, UUID(str(announcement_id)))
            return found.state

    def received(self) -> list[str]:
        """Return to whom announcements came, as often as they came."""
        return sorted(
            message["To"]
            for message in self.world.mailbox.messages
            if message["X-Southlink-Kind"] == "announcement"
        )
