"""Institutions register, confirm their addresses and are verified."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from standalone.installation import COORDINATOR_EMAIL
from standalone.story.facts import InstitutionFact, retreat
from standalone.story.http import Services, StoryError, code_in, eventually
from standalone.story.script import DUPLICATE_OF, TO_CORRECT

SIDE_BY_SIDE = 4


@dataclass(frozen=True)
class FocalPoint:
    """A signed-in focal point and the institution they registered."""

    institution_id: str
    acronym: str
    token: str


def register_all(services: Services) -> dict[str, FocalPoint]:
    """Register the fifteen institutions and confirm each address; return them by acronym."""

    def register(fact: InstitutionFact) -> FocalPoint:
        name = fact.acronym if fact.acronym == TO_CORRECT else fact.name
        return _registered(services, fact, name, fact.address)

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        return {done.acronym: done for done in pool.map(register, retreat().institutions)}


def register_duplicate(services: Services) -> FocalPoint:
    """Register one of them a second time, by another department."""
    fact = next(one for one in retreat().institutions if one.acronym == DUPLICATE_OF)
    address = f"another.department@{fact.acronym.lower()}.example.org"
    return _registered(services, fact, f"{fact.name} (field unit)", address)


def coordinator_token(services: Services) -> str:
    """Sign the coordinator in with the code that arrives."""
    newest = max((mail.id for mail in services.mails(to=COORDINATOR_EMAIL)), default=0)
    sign_in = services.post(f"{services.registry}/sign-ins", {"email": COORDINATOR_EMAIL})
    return _confirmed(services, sign_in, COORDINATOR_EMAIL, newest)


def verify_all(
    services: Services, coordinator: str, focal_points: Mapping[str, FocalPoint], twin: FocalPoint
) -> None:
    """Verify each; return one for a correction first; reject the duplicate with its reason."""
    corrected = focal_points[TO_CORRECT]
    _step(
        services,
        coordinator,
        corrected,
        "return",
        reason="Please give the full name, not the acronym alone.",
    )
    _correct(services, corrected)
    kept = focal_points[DUPLICATE_OF]
    seen = services.get(f"{services.registry}/institutions/{twin.institution_id}", coordinator)
    candidates = {found["id"] for found in seen["possible_duplicates"]}
    if kept.institution_id not in candidates:
        raise StoryError("The coordinator was not shown the duplicate.")
    _step(
        services,
        coordinator,
        twin,
        "reject",
        reason=f"{kept.acronym} is registered already; please join its focal point.",
        duplicate_of=kept.institution_id,
    )
    for focal_point in focal_points.values():
        _step(
            services,
            coordinator,
            focal_point,
            "verify",
            evidence="Took part in the retreat; the address was confirmed.",
            checklist=[
                {
                    "item": "mandate",
                    "outcome": "confirmed",
                    "comment": "Named as a participant in the report of the retreat.",
                },
                {"item": "contact_confirmed", "outcome": "confirmed"},
                {
                    "item": "official_domain",
                    "outcome": "not_confirmed",
                    "comment": "The story writes from addresses at example.org.",
                },
            ],
        )


def wait_until_known(services: Services, focal_points: Mapping[str, FocalPoint]) -> None:
    """Wait until workgroups has learnt by events that each institution is verified."""
    for focal_point in focal_points.values():
        url = f"{services.workgroups}/institutions/{focal_point.institution_id}"

        def known(url: str = url, token: str = focal_point.token) -> bool | None:
            return services.get(url, token)["status"] == "verified" or None

        eventually(known, f"workgroups knows that {focal_point.acronym} is verified")


def _registered(services: Services, fact: InstitutionFact, name: str, address: str) -> FocalPoint:
    answer = services.post(
        f"{services.registry}/institutions",
        {
            "name": name,
            "acronym": fact.acronym,
            "organisation_type": "40",
            "subtype": fact.subtype,
            "focal_point": {"name": f"Focal point of {fact.acronym}", "email": address},
        },
    )
    token = _confirmed(services, answer["sign_in"], address)
    return FocalPoint(answer["institution"]["id"], fact.acronym, token)


def _confirmed(services: Services, sign_in: dict[str, Any], address: str, after: int = 0) -> str:
    code = code_in(services.wait_for_mail(address, "sign-in", after))
    answer = services.post(
        f"{services.registry}/sign-ins/{sign_in['id']}/confirm",
        {"code": code, "challenge": sign_in["challenge"]},
    )
    return str(answer["access_token"])


def _correct(services: Services, focal_point: FocalPoint) -> None:
    url = f"{services.registry}/institutions/{focal_point.institution_id}"
    fact = next(one for one in retreat().institutions if one.acronym == focal_point.acronym)
    returned = services.get(url, focal_point.token)
    mended = services.patch(url, {"name": fact.name}, focal_point.token, returned["version"])
    services.post(f"{url}/submit", {}, focal_point.token, mended["version"])


def _step(
    services: Services, coordinator: str, focal_point: FocalPoint, action: str, **body: Any
) -> None:
    url = f"{services.registry}/institutions/{focal_point.institution_id}"
    version = services.get(url, coordinator)["version"]
    services.post(f"{url}/{action}", body, coordinator, version)
