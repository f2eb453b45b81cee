"""Needs and offers: who writes, publishes, sees and finds them, and what is told of them."""

from typing import Any

import pytest
from sqlmodel import col, select

from services.registry.support_lifecycle import (
    NEED_EVENTS,
    OFFER_EVENTS,
    TRANSITIONS,
    Action,
    By,
    State,
)
from services.registry.tables import Institution, SupportCode
from tests.registry.partners import NEED, OFFER, Partners
from tests.registry.test_concurrency import at_once


def set_institution(partners: Partners, institution_id: str, **changed: Any) -> None:
    with partners.registry.database.write() as session:
        for institution in session.exec(select(Institution)):
            if str(institution.id) == institution_id:
                for name, value in changed.items():
                    setattr(institution, name, value)
                session.add(institution)


def test_every_step_after_publication_is_an_event_but_the_recipients_own_choice() -> None:
    private = {Action.CREATE, Action.RANK, Action.DISMISS, Action.RESTORE}
    assert set(NEED_EVENTS) == set(OFFER_EVENTS) == set(Action) - private


def test_what_is_delivered_or_withdrawn_is_final_and_every_other_state_can_go_on() -> None:
    with_a_way_on = set().union(*(transition.sources for transition in TRANSITIONS.values()))
    assert with_a_way_on == set(State) - {State.DELIVERED, State.WITHDRAWN}


def test_what_an_introduction_moves_nobody_moves_by_hand() -> None:
    moved = {State.MATCHED, State.AGREED, State.DELIVERED}
    for transition in TRANSITIONS.values():
        assert transition.target not in moved or transition.by is By.INTRODUCTION


def test_a_need_is_drafted_published_changed_and_withdrawn(partners: Partners) -> None:
    draft = partners.draft_need()
    assert (draft["state"], draft["version"], draft["published_at"]) == ("draft", 1, None)
    assert draft["institution"]["acronym"] == "BE"
    assert {name: draft[name] for name in NEED if name != "volume"} == {
        name: value for name, value in NEED.items() if name != "volume"
    }
    assert draft["volume"] == {"amount": 40, "unit": "people", "currency": None}

    need = partners.step("needs", draft, "publish", partners.recipient)
    need = partners.step("needs", need, "change", partners.recipient, sdgs=["2"], volume=None)
    need = partners.step("needs", need, "withdraw", partners.recipient, reason="Helped already.")

    assert (need["state"], need["version"], need["volume"]) == ("withdrawn", 4, None)
    assert partners.events(f"needs/{need['id']}") == [
        "need.published",
        "need.updated",
        "need.withdrawn",
    ]
    history = partners.done("GET", f"/needs/{need['id']}/history", partners.recipient)["items"]
    assert [step["action"] for step in history] == ["create", "publish", "update", "withdraw"]
    assert history[2]["changes"] == {
        "sdgs": [["17", "2"], ["2"]],
        "volume": [{"amount": 40, "unit": "people", "currency": None}, None],
    }
    assert history[3]["reason"] == "Helped already."
    assert all(step["by"]["name"] == "Ana Souza" for step in history)


def test_an_offer_is_drafted_published_changed_and_withdrawn(embedded_partners: Partners) -> None:
    partners = embedded_partners
    offer = partners.offer(facilitates=True)
    assert offer["facilitates"] is True
    offer = partners.step("offers", offer, "change", partners.provider, facilitates=False)
    offer = partners.step("offers", offer, "withdraw", partners.provider)
    assert (offer["facilitates"], offer["state"]) == (False, "withdrawn")
    assert partners.events(f"offers/{offer['id']}") == [
        "offer.published",
        "offer.updated",
        "offer.withdrawn",
    ]


def test_of_a_draft_nobody_is_told(embedded_partners: Partners) -> None:
    partners = embedded_partners
    draft = partners.draft_need()
    draft = partners.step("needs", draft, "change", partners.recipient, title="Another title")
    partners.step("needs", draft, "withdraw", partners.recipient)
    assert partners.events(f"needs/{draft['id']}") == []


def test_a_change_that_changes_nothing_makes_no_version(embedded_partners: Partners) -> None:
    need = embedded_partners.need()
    again = embedded_partners.step(
        "needs", need, "change", embedded_partners.recipient, sdgs=["2", "17"], title=need["title"]
    )
    assert again == need


@pytest.mark.parametrize("status", ["submitted", "suspended", "merged", "withdrawn"])
def test_only_a_verified_institution_publishes(embedded_partners: Partners, status: str) -> None:
    partners = embedded_partners
    draft = partners.draft_need()
    into = partners.provider_id if status == "merged" else None
    with partners.registry.database.write() as session:
        ids = {str(one.id): one for one in session.exec(select(Institution))}
        own = ids[partners.recipient_id]
        own.status, own.merged_into = status, ids[into].id if into else None
        session.add(own)

    answer = partners.send("POST", f"/needs/{draft['id']}/publish", partners.recipient, version=1)

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/not-allowed-now")
    assert status in answer.json()["detail"]
    assert partners.events(f"needs/{draft['id']}") == []


def test_a_suspended_institution_drafts_nothing(embedded_partners: Partners) -> None:
    set_institution(embedded_partners, embedded_partners.recipient_id, status="suspended")
    body = {**NEED, "institution_id": embedded_partners.recipient_id}
    answer = embedded_partners.send("POST", "/needs", embedded_partners.recipient, json=body)
    assert answer.status_code == 409


def test_a_draft_is_seen_by_its_own_people_alone(embedded_partners: Partners) -> None:
    partners = embedded_partners
    draft = partners.draft_need()
    path = f"/needs/{draft['id']}"
    assert partners.send("GET", path, partners.recipient).status_code == 200
    for other in (None, partners.provider, partners.coordinator):
        assert partners.send("GET", path, other).status_code == 404
        assert partners.done("GET", "/needs", other)["items"] == []


def test_what_is_published_is_seen_by_everybody_who_sees_the_institution(
    embedded_partners: Partners,
) -> None:
    partners = embedded_partners
    need = partners.need()
    assert partners.send("GET", f"/needs/{need['id']}", None).status_code == 200
    assert partners.send("GET", f"/offers/{need['id']}", None).status_code == 404

    set_institution(partners, partners.recipient_id, status="suspended")

    for caller, status in [(None, 404), (partners.provider, 404), (partners.recipient, 200)]:
        assert partners.send("GET", f"/needs/{need['id']}", caller).status_code == status
    assert partners.done("GET", "/needs", partners.provider)["items"] == []


def test_what_was_withdrawn_is_gone_for_others(embedded_partners: Partners) -> None:
    partners = embedded_partners
    need = partners.step("needs", partners.need(), "withdraw", partners.recipient)
    path = f"/needs/{need['id']}"
    assert partners.send("GET", path, None).status_code == 404
    assert partners.send("GET", path, partners.provider).status_code == 404
    assert partners.send("GET", path, partners.coordinator).status_code == 200


def test_each_coded_field_narrows_a_list(partners: Partners) -> None:
    first = partners.need(title="First")
    second = partners.need(
        title="Second",
        kind="funding",
        themes=["entrepreneurship"],
        sdgs=["8"],
        countries=["NP"],
        languages=["fr"],
    )
    draft = partners.draft_need(title="Third")

    def titles(query: str) -> list[str]:
        found = partners.done("GET", f"/needs{query}", partners.recipient)
        return [item["title"] for item in found["items"]]

    assert titles("") == ["Third", "Second", "First"]
    for query in ("kind=funding", "theme=entrepreneurship", "sdg=8", "country=NP", "language=fr"):
        assert titles(f"?{query}") == ["Second"], query
    assert titles("?theme=digital-transformation&state=published") == ["First"]
    assert titles(f"?state=draft&institution_id={partners.recipient_id}") == [draft["title"]]
    assert titles(f"?institution_id={partners.provider_id}") == []
    page = partners.done("GET", "/needs?limit=1", None)
    assert [item["id"] for item in page["items"]] == [second["id"]]
    rest = partners.done("GET", f"/needs?cursor={page['next_cursor']}", None)
    assert [item["id"] for item in rest["items"]] == [first["id"]]
    assert rest["next_cursor"] is None


def test_the_codes_are_kept_in_one_table(embedded_partners: Partners) -> None:
    need = embedded_partners.need()
    embedded_partners.step(
        "needs", need, "change", embedded_partners.recipient, countries=[], kind="expertise"
    )
    with embedded_partners.registry.database.read() as session:
        rows = session.exec(
            select(SupportCode).order_by(col(SupportCode.vocabulary), col(SupportCode.code))
        ).all()
    assert [(row.kind, row.vocabulary, row.code) for row in rows] == [
        ("expertise", "languages", "en"),
        ("expertise", "sdgs", "17"),
        ("expertise", "sdgs", "2"),
        ("expertise", "themes", "digital-transformation"),
    ]


def test_of_two_changes_of_one_version_one_wins(partners: Partners) -> None:
    need = partners.need()

    answers = at_once(
        4,
        lambda n: (
            partners.send(
                "PATCH",
                f"/needs/{need['id']}",
                partners.recipient,
                version=need["version"],
                json={"title": f"Title {n}"},
            ).status_code
        ),
    )

    assert sorted(answers) == [200, 412, 412, 412]


def test_a_draft_asked_for_twice_with_one_key_is_made_once(embedded_partners: Partners) -> None:
    partners = embedded_partners
    body = {**OFFER, "institution_id": partners.provider_id}
    first, second = (
        partners.done(
            "POST", "/offers", partners.provider, json=body, headers={"Idempotency-Key": "one"}
        )
        for _ in range(2)
    )
    assert first["id"] == second["id"]
