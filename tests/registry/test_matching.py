"""Which offers fit a need, in what order and why, and what the recipient makes of them."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from services.registry import calendar, matching
from services.registry.match_score import score
from services.registry.support_lifecycle import codes_of
from services.registry.support_terms import terms_of
from services.registry.tables import SupportItem, SupportMatch
from shared.columns import utc_now
from tests.registry.partners import Partners
from tests.registry.test_needs_and_offers import set_institution


def titles(matches: list[dict[str, Any]]) -> list[str]:
    return [match["offer"]["title"] for match in matches]


def test_a_need_finds_the_offers_that_fit_the_best_first(partners: Partners) -> None:
    partners.offer(title="Half the people", volume={"amount": 20, "unit": "people"})
    partners.offer(title="All of it")
    partners.offer(title="Another language", languages=["fr"])
    partners.offer(title="Another kind", kind="expertise")
    partners.offer(title="Another country", countries=["TH"])
    partners.offer(title="Another theme", themes=["entrepreneurship"])

    found = partners.matches(partners.need())

    assert [(match["offer"]["title"], match["score"]) for match in found] == [
        ("All of it", 1.0),
        ("Half the people", 0.975),
        ("Another language", 0.9),
    ]
    assert "the volume covers 50 % (weight 0.05)" in [
        component["words"] for component in found[1]["components"]
    ]
    assert sum(component["weight"] for component in found[1]["components"]) == pytest.approx(1)


def test_an_offer_finds_the_needs_that_it_fits(partners: Partners) -> None:
    need = partners.need()
    offer = partners.offer()
    assert titles(partners.matches(need)) == [offer["title"]]
    found = partners.done("GET", f"/offers/{offer['id']}/matches", partners.provider)["items"]
    assert [(match["need"]["id"], match["score"]) for match in found] == [(need["id"], 1.0)]


def test_a_change_of_either_side_is_matched_anew(partners: Partners) -> None:
    need, offer = partners.need(), partners.offer()
    offer = partners.step("offers", offer, "change", partners.provider, sdgs=["2"])
    assert [match["score"] for match in partners.matches(need)] == [0.95]
    need = partners.step("needs", need, "change", partners.recipient, sdgs=["2"])
    assert [match["score"] for match in partners.matches(need)] == [1.0]
    offer = partners.step("offers", offer, "change", partners.provider, kind="expertise")
    assert partners.matches(need) == []
    partners.step("offers", offer, "change", partners.provider, kind="training")
    assert [match["score"] for match in partners.matches(need)] == [1.0]


def test_no_institution_matches_itself(embedded_partners: Partners) -> None:
    partners = embedded_partners
    partners.offer_of(partners.recipient, partners.recipient_id)
    assert partners.matches(partners.need()) == []


@pytest.mark.parametrize(
    "changed", [{"status": "suspended"}, {"visibility": "private"}], ids=["suspended", "private"]
)
def test_the_offer_of_an_institution_that_nobody_sees_is_no_match(
    embedded_partners: Partners, changed: dict[str, Any]
) -> None:
    partners = embedded_partners
    partners.offer()
    set_institution(partners, partners.provider_id, **changed)
    assert partners.matches(partners.need()) == []


def test_an_offer_that_is_withdrawn_is_proposed_no_more(embedded_partners: Partners) -> None:
    partners = embedded_partners
    need, offer = partners.need(), partners.offer()
    partners.step("offers", offer, "withdraw", partners.provider)
    assert partners.matches(need) == []


def test_two_that_are_published_at_the_same_moment_are_matched_a_minute_later(
    partners: Partners,
) -> None:
    need, _ = partners.need(), partners.offer()
    with partners.registry.database.write() as session:
        # What two transactions leave that don't see each other's rows.
        for match in session.exec(select(SupportMatch)):
            session.delete(match)

    steps = {"matches": matching.compute_again}
    assert calendar.keep(partners.registry.database, utc_now(), steps) == {"matches": 0}
    later = utc_now() + timedelta(minutes=2)
    assert calendar.keep(partners.registry.database, later, steps) == {"matches": 2}

    assert len(partners.matches(need)) == 1


def test_the_best_by_the_database_are_the_best_by_the_score(partners: Partners) -> None:
    combinations = [
        {"themes": themes, "sdgs": sdgs, "countries": countries, "languages": languages}
        for themes in (["digital-transformation"], ["digital-transformation", "entrepreneurship"])
        for sdgs in ([], ["2"])
        for countries in ([], ["BD", "NP"])
        for languages in ([], ["en"])
    ]
    partners.need(themes=["digital-transformation", "entrepreneurship"], countries=["BD", "NP"])
    for changed in combinations:
        partners.offer(**changed)
    with partners.registry.database.read() as session:
        need = session.exec(select(SupportItem).where(SupportItem.side == "need")).one()
        offers = session.exec(
            select(SupportItem).where(SupportItem.side == "offer").order_by(col(SupportItem.id))
        ).all()
        codes = codes_of(session, [need, *offers])
        scores = {
            offer.id: score(terms_of(need, codes[need.id]), terms_of(offer, codes[offer.id]))
            for offer in offers
        }
        found = matching.candidates(session, need)
    values = [scores[offer.id].value for offer in found]  # type: ignore[union-attr]
    assert len(values) == len(combinations)
    assert values == sorted(values, reverse=True)


def test_a_third_side_that_could_fund_or_facilitate_is_proposed_with_its_reason(
    partners: Partners,
) -> None:
    partners.offer()
    fund = partners.third_offer()
    need = partners.need()

    [match] = partners.matches(need)
    assert match["third_sides"] == [
        {
            "offer_id": fund["id"],
            "title": "Seed funding for digital services",
            "institution": match["third_sides"][0]["institution"],
            "role": "fund",
            "reason": "offers funding for digital-transformation in BD",
        }
    ]
    assert match["third_sides"][0]["institution"]["acronym"] == "IUPF"

    partners.step("offers", fund, "withdraw", partners.third)
    partners.third_offer(kind="expertise", facilitates=True, countries=[])
    [match] = partners.matches(need)
    assert [(third["role"], third["reason"]) for third in match["third_sides"]] == [
        ("facilitate", "offers to facilitate for digital-transformation")
    ]


@pytest.mark.parametrize(
    "changed",
    [{"countries": ["TH"]}, {"themes": ["entrepreneurship"]}, {"kind": "expertise"}],
    ids=["another country", "another theme", "neither funds nor facilitates"],
)
def test_who_shares_nothing_is_no_third_side(
    embedded_partners: Partners, changed: dict[str, Any]
) -> None:
    embedded_partners.offer()
    embedded_partners.third_offer(**changed)
    [match] = embedded_partners.matches(embedded_partners.need())
    assert match["third_sides"] == []


def test_neither_side_of_a_match_is_its_third(embedded_partners: Partners) -> None:
    partners = embedded_partners
    partners.offer()
    partners.offer(kind="funding", title="Their own fund")
    partners.offer_of(partners.recipient, partners.recipient_id, kind="funding", title="Our fund")
    [match] = partners.matches(partners.need())
    assert match["third_sides"] == []


def test_a_recipient_ranks_dismisses_and_restores(partners: Partners) -> None:
    for title in ("A", "B", "C"):
        partners.offer(title=title)
    need = partners.need()
    path = f"/needs/{need['id']}"
    ids = {match["offer"]["title"]: match["id"] for match in partners.matches(need)}

    order = [ids["C"], ids["A"]]
    ranked = partners.send(
        "PUT", f"{path}/ranking", partners.recipient, version=2, json={"match_ids": order}
    )
    assert titles(ranked.json()["items"]) == ["C", "A", "B"]
    assert ranked.headers["etag"] == '"3"'

    dismissed = partners.done(
        "POST",
        f"{path}/matches/{ids['C']}/dismiss",
        partners.recipient,
        version=3,
        json={"reason": "Too far away."},
    )
    assert {m["offer"]["title"]: m["standing"] for m in dismissed["items"]}["C"] == "dismissed"
    again = partners.send(
        "POST", f"{path}/matches/{ids['C']}/dismiss", partners.recipient, version=4
    )
    assert again.status_code == 409

    # What the recipient decided stays when the matches are computed anew.
    need = partners.read("needs", need, partners.recipient)
    need = partners.step("needs", need, "change", partners.recipient, title="Another title")
    assert [
        (m["offer"]["title"], m["position"], m["standing"]) for m in partners.matches(need)
    ] == [
        ("A", 2, "proposed"),
        *sorted([("B", None, "proposed"), ("C", None, "dismissed")]),
    ]
    restored = partners.done(
        "POST", f"{path}/matches/{ids['C']}/restore", partners.recipient, version=5
    )
    assert {m["standing"] for m in restored["items"]} == {"proposed"}
    assert partners.events(f"needs/{need['id']}") == ["need.published", "need.updated"]
    history = partners.done("GET", f"{path}/history", partners.recipient)["items"]
    assert [step["action"] for step in history[2:]] == ["rank", "dismiss", "update", "restore"]


def test_how_a_recipient_ranks_is_its_own_affair(embedded_partners: Partners) -> None:
    partners = embedded_partners
    need, offer = partners.need(), partners.offer()
    [match] = partners.matches(need)
    path = f"/needs/{need['id']}"
    for method, address in [
        ("GET", f"{path}/matches"),
        ("PUT", f"{path}/ranking"),
        ("POST", f"{path}/matches/{match['id']}/dismiss"),
        ("GET", f"{path}/history"),
    ]:
        json: Any = {"match_ids": []} if method == "PUT" else None
        answer = partners.send(method, address, partners.provider, version=2, json=json)
        assert answer.status_code == 404, address
    assert (
        partners.send(
            "PUT", f"{path}/ranking", partners.coordinator, version=2, json={"match_ids": []}
        ).status_code
        == 404
    )
    assert len(partners.matches(need, partners.coordinator)) == 1
    theirs = partners.done("GET", f"/offers/{offer['id']}/matches", partners.provider)["items"]
    assert {"position", "standing"}.isdisjoint(theirs[0])


@pytest.mark.parametrize("named", ["twice", "unknown"])
def test_an_order_that_names_what_is_not_there_changes_nothing(
    embedded_partners: Partners, named: str
) -> None:
    partners = embedded_partners
    partners.offer()
    need = partners.need()
    [match] = partners.matches(need)
    second = match["id"] if named == "twice" else need["id"]
    answer = partners.send(
        "PUT",
        f"/needs/{need['id']}/ranking",
        partners.recipient,
        version=2,
        json={"match_ids": [match["id"], second]},
    )
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/match_ids/1"]
    assert partners.matches(need)[0]["position"] is None
