"""A need meets an offer: a match with its reasons, an introduction, and who could fund it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from standalone.story.http import Services, StoryError
from standalone.story.registration import FocalPoint
from standalone.story.script import NEED, OFFERS, Support


@dataclass(frozen=True)
class Match:
    """How a need found its answer, in the registry's own words."""

    recipient: str
    need: str
    provider: str
    offer: str
    score: float
    reasons: tuple[str, ...]
    third_side: str
    """Who could make it triangular, and why."""
    introduced_to: str
    """Whom the recipient may write to now."""


def publish_offers(services: Services, focal_points: Mapping[str, FocalPoint]) -> int:
    """Let institutions publish what they offer; return how many offers there are."""
    for offer in OFFERS:
        _published(services, "offers", offer, focal_points[offer.institution])
    return len(OFFERS)


def answer_the_need(services: Services, focal_points: Mapping[str, FocalPoint]) -> Match:
    """Publish a need, take the offer that fits it best, and introduce both sides to each other."""
    recipient = focal_points[NEED.institution]
    need = _published(services, "needs", NEED, recipient)
    path = f"{services.registry}/needs/{need['id']}/matches"
    found = services.get(path, recipient.token)["items"]
    if [match["offer"]["title"] for match in found] != [OFFERS[0].title]:
        raise StoryError("The need should be matched with the training, and with that alone.")
    best = found[0]
    if not best["third_sides"]:
        raise StoryError("Nobody is proposed who could fund it.")
    asked = services.post(f"{path}/{best['id']}/accept", {"message": NEED.message}, recipient.token)
    provider = focal_points[OFFERS[0].institution]
    accepted = services.post(
        f"{services.registry}/introductions/{asked['id']}/accept",
        {},
        provider.token,
        asked["version"],
    )
    third = best["third_sides"][0]
    return Match(
        recipient=NEED.institution,
        need=NEED.title,
        provider=OFFERS[0].institution,
        offer=best["offer"]["title"],
        score=best["score"],
        reasons=tuple(part["words"] for part in best["components"] if part["value"]),
        third_side=f"{third['institution']['acronym']} {third['reason']}",
        introduced_to=_contact(accepted),
    )


def _contact(introduction: dict[str, Any]) -> str:
    people = [each for each in introduction["contacts"] if each["side"] == "provider"]
    if not people:
        raise StoryError("The recipient was not told whom to write to.")
    return ", ".join(f"{person['name']} <{person['email']}>" for person in people)


def _published(
    services: Services, collection: str, support: Support, by: FocalPoint
) -> dict[str, Any]:
    url = f"{services.registry}/{collection}"
    draft = services.post(
        url,
        {
            "institution_id": by.institution_id,
            "title": support.title,
            "text": support.text,
            "kind": support.kind,
            "themes": list(support.themes),
            "sdgs": list(support.sdgs),
            "languages": list(support.languages),
            "volume": support.volume,
        },
        by.token,
    )
    return services.post(f"{url}/{draft['id']}/publish", {}, by.token, draft["version"])
