"""Introductions: the recipient asks, the other side answers, and what came of it is kept."""

from datetime import timedelta
from typing import Any

import pytest

from services.registry.introduction_lifecycle import TRANSITIONS, Action, Role
from services.registry.introduction_lifecycle import State as IntroductionState
from shared.columns import utc_now
from tests.registry.journey import Person
from tests.registry.partners import Partners
from tests.registry.test_concurrency import at_once
from tests.registry.test_needs_and_offers import set_institution

VOLUME = {"amount": 38, "unit": "people"}
DELIVERY = {"volume": VOLUME, "delivered_on": "2026-10-30"}
REASON = {"reason": "No date suited both sides."}


def states(partners: Partners, need: dict[str, Any], offer: dict[str, Any]) -> tuple[str, str]:
    return partners.read("needs", need)["state"], partners.read("offers", offer)["state"]


def test_only_the_recipient_says_that_an_offer_is_what_it_asked_for() -> None:
    for action in (Action.REQUEST, Action.WITHDRAW, Action.AGREE):
        assert TRANSITIONS[action].by == {Role.RECIPIENT}
    for action in (Action.ACCEPT, Action.DECLINE):
        assert TRANSITIONS[action].by == {Role.PROVIDER}


def test_a_need_is_met_from_the_match_to_the_delivery(partners: Partners) -> None:
    offer, need = partners.offer(), partners.need()
    [match] = partners.matches(need)
    asked = partners.done(
        "POST",
        f"/needs/{need['id']}/matches/{match['id']}/accept",
        partners.recipient,
        json={"message": "Forty workers wait for it."},
    )
    assert (asked["state"], asked["contacts"]) == ("requested", [])
    assert partners.matches(need)[0]["standing"] == "accepted"
    assert states(partners, need, offer) == ("published", "published")

    accepted = partners.step("introductions", asked, "accept", partners.provider)
    assert states(partners, need, offer) == ("matched", "matched")
    agreed = partners.step(
        "introductions", accepted, "agree", partners.recipient, volume={**VOLUME, "amount": 40}
    )
    assert states(partners, need, offer) == ("agreed", "agreed")
    delivered = partners.step("introductions", agreed, "deliver", partners.recipient, **DELIVERY)
    assert states(partners, need, offer) == ("delivered", "delivered")

    assert (delivered["state"], delivered["delivered_on"]) == ("delivered", "2026-10-30")
    assert delivered["volume"] == {**VOLUME, "currency": None}
    steps = ["requested", "accepted", "agreed", "delivered"]
    path = f"introductions/{asked['id']}"
    assert partners.events(path) == [f"introduction.{step}" for step in steps]
    history = partners.done("GET", f"/{path}/history", partners.provider)["items"]
    assert [step["to_state"] for step in history] == steps
    for side, item in (("need", need), ("offer", offer)):
        assert partners.events(f"{side}s/{item['id']}") == [
            f"{side}.{step}" for step in ("published", "matched", "agreed", "delivered")
        ]


def test_names_and_addresses_are_shown_once_the_other_side_has_accepted(
    embedded_partners: Partners,
) -> None:
    partners = embedded_partners
    need, offer = partners.need(), partners.offer()
    asked = partners.asked(need, offer)
    both = (partners.recipient, partners.provider, partners.coordinator)
    for person in both:
        text = partners.send("GET", f"/introductions/{asked['id']}", person).text
        assert partners.recipient.email not in text
        assert partners.provider.email not in text

    partners.step("introductions", asked, "accept", partners.provider)

    for person in both:
        shown = partners.read("introductions", asked, person)["contacts"]
        assert [(contact["side"], contact["email"]) for contact in shown] == [
            ("recipient", partners.recipient.email),
            ("provider", partners.provider.email),
        ]
    assert partners.send("GET", f"/introductions/{asked['id']}", partners.third).status_code == 404
    assert partners.done("GET", "/introductions", partners.third)["items"] == []


def test_a_request_is_declined_with_the_reason_and_the_match_is_free_again(
    embedded_partners: Partners,
) -> None:
    partners = embedded_partners
    need, offer = partners.need(), partners.offer()
    asked = partners.asked(need, offer)
    declined = partners.step("introductions", asked, "decline", partners.provider, **REASON)
    assert (declined["state"], declined["reason"]) == ("declined", REASON["reason"])
    assert partners.matches(need)[0]["standing"] == "proposed"
    assert states(partners, need, offer) == ("published", "published")
    assert partners.asked(need, offer)["state"] == "requested"


def test_what_falls_through_opens_need_and_offer_again(partners: Partners) -> None:
    need, offer = partners.need(), partners.offer()
    introduction = partners.introduced(need, offer)
    failed = partners.step("introductions", introduction, "fail", partners.provider, **REASON)
    assert (failed["state"], failed["contacts"]) == ("fell_through", [])
    assert states(partners, need, offer) == ("published", "published")
    assert partners.events(f"needs/{need['id']}")[-1] == "need.reopened"


def test_a_need_is_as_far_as_the_furthest_of_its_introductions(
    embedded_partners: Partners,
) -> None:
    partners = embedded_partners
    need, first, second = partners.need(), partners.offer(title="1"), partners.offer(title="2")
    one, two = partners.introduced(need, first), partners.introduced(need, second)
    one = partners.step("introductions", one, "agree", partners.recipient)
    assert states(partners, need, second) == ("agreed", "matched")
    one = partners.step("introductions", one, "deliver", partners.coordinator, **DELIVERY)
    assert states(partners, need, first) == ("matched", "delivered")
    partners.step("introductions", two, "fail", partners.recipient, **REASON)
    assert states(partners, need, second) == ("delivered", "published")


def test_requests_end_with_the_need_or_the_offer(embedded_partners: Partners) -> None:
    partners = embedded_partners
    need, offer = partners.need(), partners.offer()
    asked = partners.asked(need, offer)
    partners.step("offers", offer, "withdraw", partners.provider)
    ended = partners.read("introductions", asked, partners.recipient)
    assert (ended["state"], ended["reason"]) == ("withdrawn", "The offer was withdrawn.")

    other = partners.offer(title="Another")
    asked = partners.asked(need, other)
    asked = partners.step("introductions", asked, "withdraw", partners.recipient, **REASON)
    assert asked["state"] == "withdrawn"


def test_who_talks_about_a_need_cannot_withdraw_it_silently(embedded_partners: Partners) -> None:
    partners = embedded_partners
    need, offer = partners.need(), partners.offer()
    partners.introduced(need, offer)
    for path, by in ((f"/needs/{need['id']}", partners.recipient),):
        answer = partners.send("POST", f"{path}/withdraw", by, version=3)
        assert answer.status_code == 409
    assert states(partners, need, offer) == ("matched", "matched")


def test_one_need_and_one_offer_have_one_introduction_under_way(partners: Partners) -> None:
    need, offer = partners.need(), partners.offer()
    body = {"need_id": need["id"], "message": "Please."}

    answers = at_once(
        3,
        lambda _: (
            partners.send(
                "POST", f"/offers/{offer['id']}/introductions", partners.recipient, json=body
            ).status_code
        ),
    )

    assert sorted(answers) == [201, 409, 409]


def test_of_an_acceptance_and_a_withdrawal_at_once_one_wins(partners: Partners) -> None:
    need, offer = partners.need(), partners.offer()
    asked = partners.asked(need, offer)

    def act(n: int) -> int:
        action, by = [("accept", partners.provider), ("withdraw", partners.recipient)][n % 2]
        return partners.send(
            "POST",
            f"/introductions/{asked['id']}/{action}",
            by,
            version=1,
            json=REASON if action == "withdraw" else {},
        ).status_code

    assert sorted(at_once(4, act)) == [200, 412, 412, 412]


@pytest.mark.parametrize(
    ("action", "by", "status"),
    [
        ("accept", "recipient", 403),
        ("decline", "recipient", 403),
        ("accept", "coordinator", 403),
        ("withdraw", "provider", 403),
        ("accept", "third", 404),
        ("withdraw", "third", 404),
        ("fail", "third", 404),
        ("agree", "recipient", 409),
        ("deliver", "recipient", 409),
        ("fail", "provider", 409),
    ],
)
def test_what_the_table_does_not_allow_is_refused_and_changes_nothing(
    embedded_partners: Partners, action: str, by: str, status: int
) -> None:
    partners = embedded_partners
    asked = partners.asked(partners.need(), partners.offer())
    person: Person = getattr(partners, by)
    body = DELIVERY if action == "deliver" else REASON if action in {"decline", "fail"} else {}
    if action == "withdraw":
        body = REASON
    answer = partners.send(
        "POST", f"/introductions/{asked['id']}/{action}", person, version=1, json=body
    )
    assert answer.status_code == status, answer.text
    assert partners.read("introductions", asked, partners.recipient) == asked
    assert partners.events(f"introductions/{asked['id']}") == ["introduction.requested"]


def test_a_request_needs_a_need_of_ones_own_and_an_offer_that_one_sees(
    embedded_partners: Partners,
) -> None:
    partners = embedded_partners
    need, offer = partners.need(), partners.offer()
    path = f"/offers/{offer['id']}/introductions"
    body = {"need_id": need["id"], "message": "Please."}
    assert partners.send("POST", path, partners.third, json=body).status_code == 404
    own = partners.offer_of(partners.recipient, partners.recipient_id)
    itself = partners.send(
        "POST", f"/offers/{own['id']}/introductions", partners.recipient, json=body
    )
    assert (itself.status_code, itself.json()["type"]) == (409, "/problems/conflict")
    set_institution(partners, partners.provider_id, status="suspended")
    assert partners.send("POST", path, partners.recipient, json=body).status_code == 404


@pytest.mark.parametrize(
    ("action", "body", "pointer"),
    [
        ("deliver", {**DELIVERY, "delivered_on": "tomorrow"}, "/delivered_on"),
        ("deliver", {**DELIVERY, "delivered_on": "future"}, "/delivered_on"),
        ("deliver", {"delivered_on": "2026-10-30"}, "/volume"),
        ("deliver", {**DELIVERY, "volume": {"amount": 0, "unit": "people"}}, "/volume/amount"),
        ("deliver", {**DELIVERY, "volume": {"amount": 1.5, "unit": "people"}}, "/volume/amount"),
        ("deliver", {**DELIVERY, "volume": {"amount": 1, "unit": "wishes"}}, "/volume/unit"),
        ("deliver", {**DELIVERY, "volume": {"amount": 1, "unit": "money"}}, "/volume/currency"),
        ("fail", {"reason": " "}, "/reason"),
        ("fail", {}, "/reason"),
    ],
)
def test_a_bad_outcome_names_its_field_and_changes_nothing(
    embedded_partners: Partners, action: str, body: dict[str, Any], pointer: str
) -> None:
    partners = embedded_partners
    introduction = partners.introduced(partners.need(), partners.offer())
    agreed = partners.step("introductions", introduction, "agree", partners.recipient)
    if body.get("delivered_on") == "future":
        body = {**body, "delivered_on": str((utc_now() + timedelta(days=3)).date())}
    answer = partners.send(
        "POST",
        f"/introductions/{agreed['id']}/{action}",
        partners.recipient,
        version=agreed["version"],
        json=body,
    )
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert partners.read("introductions", agreed, partners.recipient) == agreed


def test_a_list_is_narrowed_by_state_need_offer_and_institution(
    embedded_partners: Partners,
) -> None:
    partners = embedded_partners
    need, offer = partners.need(), partners.offer()
    asked = partners.asked(need, offer)
    for query, number in [
        ("", 1),
        (f"?state={IntroductionState.REQUESTED}", 1),
        ("?state=agreed", 0),
        (f"?need_id={need['id']}", 1),
        (f"?offer_id={need['id']}", 0),
        (f"?institution_id={partners.provider_id}", 1),
        (f"?institution_id={partners.third_id}", 0),
    ]:
        for person in (partners.recipient, partners.provider, partners.coordinator):
            found = partners.done("GET", f"/introductions{query}", person)["items"]
            assert [item["id"] for item in found] == [asked["id"]] * number, query
