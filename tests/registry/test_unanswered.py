"""What waits: needs that nobody has answered, and periods that are over."""

from datetime import timedelta
from typing import Any

from sqlmodel import col, select

from services.registry import calendar
from services.registry.tables import Outbox
from shared.columns import utc_now
from tests.registry.partners import Partners


def days_pass(partners: Partners, days: int) -> dict[str, int]:
    return calendar.keep(partners.registry.database, utc_now() + timedelta(days=days))


def told(partners: Partners, need: dict[str, Any]) -> list[int]:
    with partners.registry.database.read() as session:
        events = session.exec(
            select(Outbox.event)
            .where(
                Outbox.subject == f"needs/{need['id']}",
                col(Outbox.type).contains("need.unanswered"),
            )
            .order_by(col(Outbox.id))
        ).all()
    return [int(event.split('"days":')[1].split("}")[0]) for event in events]


def test_an_unanswered_need_is_an_event_after_14_and_30_days_once_each(
    partners: Partners,
) -> None:
    need = partners.need()
    heard = []
    for day in (13, 14, 15, 29, 30, 31, 90):
        days_pass(partners, day)
        heard.append((day, told(partners, need)))
    assert heard == [
        (13, []),
        (14, [14]),
        (15, [14]),
        (29, [14]),
        (30, [14, 30]),
        (31, [14, 30]),
        (90, [14, 30]),
    ]


def test_a_need_that_somebody_talks_about_is_not_unanswered(embedded_partners: Partners) -> None:
    partners = embedded_partners
    answered, declined = partners.need(title="Answered"), partners.need(title="Declined")
    draft, offer = partners.draft_need(title="Draft"), partners.offer()
    partners.introduced(answered, offer)
    partners.step(
        "introductions",
        partners.asked(declined, offer),
        "decline",
        partners.provider,
        reason="No time.",
    )
    days_pass(partners, 40)
    assert [told(partners, need) for need in (answered, declined, draft)] == [[], [14, 30], []]


def test_the_coordinator_sees_what_waits_the_longest_first(partners: Partners) -> None:
    first, second = partners.need(title="First"), partners.need(title="Second")
    partners.draft_need(title="Draft")
    offer = partners.offer(sdgs=["2"])
    partners.third_offer(kind="training", title="Another", languages=[], sdgs=["2"])
    partners.step(
        "introductions",
        partners.asked(second, offer),
        "decline",
        partners.provider,
        reason="No time.",
    )

    page = partners.done("GET", "/needs/unanswered?limit=1", partners.coordinator)
    rest = partners.done(
        "GET",
        f"/needs/unanswered?cursor={page['next_cursor']}",
        partners.coordinator,
    )

    assert [item["id"] for item in page["items"] + rest["items"]] == [first["id"], second["id"]]
    assert [
        (item["days_waiting"], item["matches"], item["best_score"], item["asked"], item["declined"])
        for item in page["items"] + rest["items"]
    ] == [(0, 2, 0.95, 0, 0), (0, 2, 0.95, 1, 1)]


def test_only_a_coordinator_sees_what_nobody_has_answered(embedded_partners: Partners) -> None:
    path = "/needs/unanswered"
    assert embedded_partners.send("GET", path, embedded_partners.recipient).status_code == 403
    assert embedded_partners.send("GET", path, None).status_code == 401


def test_a_need_that_is_open_again_waits_anew(embedded_partners: Partners) -> None:
    partners = embedded_partners
    need, offer = partners.need(), partners.offer()
    days_pass(partners, 14)
    introduction = partners.introduced(need, offer)
    assert partners.done("GET", "/needs/unanswered", partners.coordinator)["items"] == []
    partners.step("introductions", introduction, "fail", partners.recipient, reason="No date.")
    days_pass(partners, 14)
    assert told(partners, need) == [14, 14]


def test_needs_and_offers_expire_the_day_after_their_last(partners: Partners) -> None:
    last_day = utc_now().date() + timedelta(days=3)
    need = partners.need(ends_on=str(last_day))
    offer = partners.offer(ends_on=str(last_day))
    lasting = partners.offer(title="Without an end")
    asked = partners.asked(need, lasting)

    assert days_pass(partners, 3)["expired_support"] == 0
    assert days_pass(partners, 4)["expired_support"] == 2
    assert days_pass(partners, 5)["expired_support"] == 0

    assert partners.read("needs", need)["state"] == "expired"
    assert partners.read("offers", offer)["state"] == "expired"
    assert partners.read("offers", lasting)["state"] == "published"
    assert partners.read("introductions", asked)["reason"] == "The period of the need is over."
    assert partners.events(f"needs/{need['id']}") == ["need.published", "need.expired"]
    assert partners.events(f"offers/{offer['id']}") == ["offer.published", "offer.expired"]


def test_what_has_expired_is_published_again_with_a_later_day(
    embedded_partners: Partners,
) -> None:
    partners = embedded_partners
    need = partners.need(ends_on=str(utc_now().date()))
    days_pass(partners, 1)
    need = partners.read("needs", need)
    need = partners.step("needs", need, "change", partners.recipient, ends_on=None)
    need = partners.step("needs", need, "publish", partners.recipient)
    assert need["state"] == "published"


def test_what_both_sides_talk_about_does_not_expire(embedded_partners: Partners) -> None:
    partners = embedded_partners
    need = partners.need(ends_on=str(utc_now().date()))
    partners.introduced(need, partners.offer())
    days_pass(partners, 2)
    assert partners.read("needs", need)["state"] == "matched"
