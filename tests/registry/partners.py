"""Two institutions of the South, and a third: what they need and offer."""

from dataclasses import dataclass
from typing import Any

from httpx import Response
from sqlmodel import col, select

from services.registry.tables import Outbox
from tests.registry.journey import Person, Registry

NEED = {
    "title": "Training of extension workers in digital advisory services",
    "text": "Forty extension workers shall advise farmers by telephone.",
    "kind": "training",
    "themes": ["digital-transformation"],
    "sdgs": ["17", "2"],
    "countries": ["BD"],
    "languages": ["en"],
    "volume": {"amount": 40, "unit": "people"},
}
OFFER = {**NEED, "title": "Courses in digital advisory services", "text": "Two weeks, on site."}
FUNDING = {
    "title": "Seed funding for digital services",
    "text": "Up to 50,000 dollars.",
    "kind": "funding",
    "themes": ["digital-transformation"],
    "countries": ["BD"],
}


@dataclass(frozen=True)
class Partners:
    """The running service with a recipient, a provider, a third side and a coordinator."""

    registry: Registry
    coordinator: Person
    recipient: Person
    recipient_id: str
    provider: Person
    provider_id: str
    third: Person
    third_id: str

    def send(self, method: str, path: str, by: Person | None, **request: Any) -> Response:
        """Send a request; ``version`` goes into If-Match."""
        headers = dict(by.headers) if by else {}
        if (version := request.pop("version", None)) is not None:
            headers["If-Match"] = f'"{version}"'
        headers.update(request.pop("headers", {}))
        response: Response = self.registry.client.request(method, path, headers=headers, **request)
        return response

    def done(self, method: str, path: str, by: Person | None, **request: Any) -> dict[str, Any]:
        """Send a request that succeeds, and return its answer."""
        response = self.send(method, path, by, **request)
        assert response.status_code < 300, response.text
        body: dict[str, Any] = response.json()
        return body

    def draft_need(self, **changed: Any) -> dict[str, Any]:
        """Draft a need of the recipient."""
        body = {**NEED, "institution_id": self.recipient_id, **changed}
        return self.done("POST", "/needs", self.recipient, json=body)

    def need(self, **changed: Any) -> dict[str, Any]:
        """Publish a need of the recipient."""
        draft = self.draft_need(**changed)
        return self.step("needs", draft, "publish", self.recipient)

    def offer(self, **changed: Any) -> dict[str, Any]:
        """Publish an offer of the provider."""
        return self.offer_of(self.provider, self.provider_id, **changed)

    def third_offer(self, **changed: Any) -> dict[str, Any]:
        """Publish an offer of the third institution, of funding if nothing else is said."""
        return self.offer_of(self.third, self.third_id, **{**FUNDING, **changed})

    def offer_of(self, by: Person, institution_id: str, **changed: Any) -> dict[str, Any]:
        """Publish an offer."""
        body = {**OFFER, **changed, "institution_id": institution_id}
        draft = self.done("POST", "/offers", by, json=body)
        return self.step("offers", draft, "publish", by)

    def step(
        self, collection: str, item: dict[str, Any], action: str, by: Person, **body: Any
    ) -> dict[str, Any]:
        """Take a step on the version in ``item``, and return what it is now."""
        path = f"/{collection}/{item['id']}"
        if action == "change":
            return self.done("PATCH", path, by, version=item["version"], json=body)
        return self.done("POST", f"{path}/{action}", by, version=item["version"], json=body)

    def read(self, kind: str, item: dict[str, Any], by: Person | None = None) -> dict[str, Any]:
        """Read a need, an offer or an introduction as it is now."""
        return self.done("GET", f"/{kind}/{item['id']}", by or self.coordinator)

    def matches(self, need: dict[str, Any], by: Person | None = None) -> list[dict[str, Any]]:
        """Return the matches of a need."""
        found = self.done("GET", f"/needs/{need['id']}/matches", by or self.recipient)
        items: list[dict[str, Any]] = found["items"]
        return items

    def asked(self, need: dict[str, Any], offer: dict[str, Any]) -> dict[str, Any]:
        """Ask for an introduction."""
        body = {"need_id": need["id"], "message": "Forty workers wait for it."}
        path = f"/offers/{offer['id']}/introductions"
        return self.done("POST", path, self.recipient, json=body)

    def introduced(self, need: dict[str, Any], offer: dict[str, Any]) -> dict[str, Any]:
        """Ask for an introduction that the provider accepts."""
        return self.step("introductions", self.asked(need, offer), "accept", self.provider)

    def events(self, subject: str) -> list[str]:
        """Return the names of the events about a subject, in order."""
        with self.registry.database.read() as session:
            types = session.exec(
                select(Outbox.type).where(Outbox.subject == subject).order_by(col(Outbox.id))
            ).all()
        return [name.removeprefix("org.southlink.").removesuffix(".v1") for name in types]


def meet(registry: Registry, coordinator: Person | None = None) -> Partners:
    """Register three institutions and let a coordinator verify them."""
    coordinator = coordinator or registry.coordinator()
    own, recipient = registry.verified(coordinator, name="Bureau of Extension", acronym="BE")
    other, provider = registry.verified(coordinator, name="College of Telephony", acronym="CT")
    fund, third = registry.verified(coordinator, name="India-UN Partnership Fund", acronym="IUPF")
    return Partners(
        registry,
        coordinator,
        recipient,
        own["id"],
        provider,
        other["id"],
        third,
        fund["id"],
    )
