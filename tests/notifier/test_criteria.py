"""Needs and offers by criteria: of each list any code suffices, and all lists must fit."""

from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from services.notifier import choices, criteria, notices, subscriptions
from services.notifier.choices import Choice
from services.notifier.criteria import VOCABULARIES, Criteria
from services.notifier.criteria_names import GOALS, KINDS, THEMES, called
from services.notifier.languages import LANGUAGES
from services.notifier.notices import Happening
from services.notifier.subscribers import Hours
from services.notifier.tables import DigestItem, Institution, Subscriber, Subscription
from services.notifier.targets import EVERYTHING, Target
from services.notifier.vocabulary import Frequency, NoticeKind, TargetKind
from services.notifier.wording import wording
from shared.columns import utc_now
from shared.events.support import SupportFacts
from shared.ids import new_id
from shared.vocabularies import vocabulary
from tests.notifier.world import World

CODES = {
    "kinds": ["training", "funding", "technology"],
    "themes": ["health", "energy"],
    "sdgs": ["2", "3", "17"],
    "countries": ["BD", "NP"],
    "languages": ["en", "fr"],
}
NAMED = st.fixed_dictionaries(
    {name: st.lists(st.sampled_from(codes), unique=True) for name, codes in CODES.items()}
)
FACTS = st.builds(
    lambda kind, lists: need(kind=kind, **lists),
    st.sampled_from(CODES["kinds"]),
    st.fixed_dictionaries(
        {
            name: st.lists(st.sampled_from(codes), unique=True)
            for name, codes in CODES.items()
            if name != "kinds"
        }
    ),
)


def need(**changes: Any) -> SupportFacts:
    facts: dict[str, Any] = {
        "item_id": new_id(),
        "institution_id": new_id(),
        "institution_name": "Ministry of Health of Nepal",
        "title": "Training of nurses",
        "text": "Forty nurses shall learn to advise by telephone.",
        "kind": "training",
        "themes": ["health"],
        "state": "published",
        "version": 1,
    }
    return SupportFacts.model_validate({**facts, **changes})


def publish(world: World, facts: SupportFacts, kind: TargetKind = TargetKind.NEEDS) -> None:
    word = "need" if kind is TargetKind.NEEDS else "offer"
    happening = Happening(
        kind=NoticeKind.UPDATE_POSTED,
        event_id=new_id(),
        subject=f"{word}s/{facts.item_id}",
        occurred_at=utc_now(),
        facts={word: facts.model_dump(mode="json")},
        targets=(Target(kind),),
    )
    partner = Institution(
        id=facts.institution_id,
        name=facts.institution_name,
        status="verified",
        visibility="public",
        version=1,
    )
    with world.database.write() as session:
        session.merge(partner)
        notices.record(session, happening, utc_now())


def told(world: World) -> list[tuple[str, Frequency]]:
    with world.database.read() as session:
        found = session.exec(
            select(Subscriber.email, DigestItem.frequency).join(
                DigestItem, col(DigestItem.subscriber_id) == col(Subscriber.id)
            )
        )
        return sorted((email, Frequency(frequency)) for email, frequency in found)


def needs(**named: list[str]) -> Target:
    return Target(TargetKind.NEEDS, Criteria.of(named).key)


@given(NAMED, FACTS)
def test_each_list_that_names_codes_must_share_one(
    named: dict[str, list[str]], facts: SupportFacts
) -> None:
    of_item = {
        "kinds": {facts.kind},
        "themes": {*facts.themes},
        "sdgs": {*facts.sdgs},
        "countries": {*facts.countries} or {*CODES["countries"]},
        "languages": {*facts.languages} or {*CODES["languages"]},
    }
    expected = all(of_item[name] & {*codes} for name, codes in named.items() if codes)
    assert criteria.fits(Criteria.of(named), facts) is expected


@given(NAMED, st.randoms())
def test_the_key_is_the_same_in_any_order_and_leads_back(
    named: dict[str, list[str]], random: Any
) -> None:
    chosen = Criteria.of(named)
    shuffled = {name: random.sample(codes, len(codes)) for name, codes in named.items()}
    assert Criteria.of(dict(random.sample([*shuffled.items()], len(shuffled)))).key == chosen.key
    assert criteria.of_key(chosen.key) == chosen


@pytest.mark.parametrize("key", ["kinds", "kinds=b,a", "moons=1", "kinds=;themes=x", "a=1;;b=2"])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        criteria.of_key(key)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            "needs (funding or training · Health · goal 3 (Good Health and Well-being) · "
            "Bangladesh or Nepal · English)",
        ),
        (
            "fr",
            "besoins (financement ou formation · Santé · objectif 3 (Bonne santé et bien-être) · "
            "Bangladesh ou Népal · anglais)",
        ),
        (
            "es",
            "necesidades (financiación o capacitación · Salud · objetivo 3 (Salud y bienestar) · "
            "Bangladés o Nepal · inglés)",
        ),
        (
            "ru",
            "потребности (финансирование или обучение · Здравоохранение · цель 3 (Хорошее "
            "здоровье и благополучие) · Бангладеш или Непал · английский)",
        ),
        (
            "zh",
            "需求（资金或培训 · 卫生健康 · 目标3（良好健康与福祉） · 孟加拉国或尼泊尔 · 英语）",
        ),
        (
            "ar",
            "احتياجات (تمويل أو تدريب · الصحة · الهدف 3 (الصحة الجيدة والرفاه) · "
            "بنغلاديش أو نيبال · الإنجليزية)",
        ),
    ],
)
def test_criteria_are_named_in_the_language_of_the_reader(language: str, said: str) -> None:
    chosen = Criteria.of(
        {
            "kinds": ["training", "funding"],
            "themes": ["health"],
            "sdgs": ["3"],
            "countries": ["NP", "BD"],
            "languages": ["en"],
        }
    )
    assert wording(language).target(TargetKind.NEEDS, chosen.key) == said


def test_every_code_has_a_name_to_translate_and_every_name_is_of_a_code() -> None:
    for names, which in ((KINDS, "kinds"), (THEMES, "themes"), (GOALS, "sdgs")):
        assert names.keys() == {term.code for term in vocabulary(VOCABULARIES[which]).terms}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("field", ["countries", "languages"])
def test_every_country_and_language_has_a_name(field: str, language: str) -> None:
    words = wording(language)
    for term in vocabulary(VOCABULARIES[field]).terms:
        assert called(field, term.code, words)


def test_a_need_reaches_whom_its_criteria_fit_once_and_at_the_soonest(world: World) -> None:
    world.subscribe("ana@example.org", Frequency.WEEKLY, needs(kinds=["training", "funding"]))
    world.subscribe("ana@example.org", Frequency.DAILY, needs(countries=["NP"], themes=["health"]))
    world.subscribe("bo@example.org", Frequency.DAILY, needs(countries=["BD"]))
    world.subscribe("cy@example.org", Frequency.WEEKLY, Target(TargetKind.NEEDS))
    world.subscribe("dee@example.org", Frequency.DAILY, Target(TargetKind.OFFERS))
    world.subscribe("eve@example.org", Frequency.NEVER, Target(TargetKind.NEEDS))
    world.subscribe("fay@example.org", Frequency.MONTHLY)
    publish(world, need(countries=["NP"]))
    assert told(world) == [
        ("ana@example.org", Frequency.DAILY),
        ("cy@example.org", Frequency.WEEKLY),
        ("fay@example.org", Frequency.MONTHLY),
    ]
    publish(world, need(), TargetKind.OFFERS)
    assert ("dee@example.org", Frequency.DAILY) in told(world)


def test_what_waits_moves_to_criteria_that_were_asked_for_later(world: World) -> None:
    everything = world.subscribe("ana@example.org", Frequency.DAILY, EVERYTHING)
    publish(world, need(countries=["NP"]))
    publish(world, need(countries=["BD"]))
    world.subscribe("ana@example.org", Frequency.WEEKLY, needs(countries=["NP"]))
    with world.database.write() as session:
        choices.choose(
            session,
            everything.subscriber_id,
            Hours(),
            [Choice(everything.id, None)],
            utc_now(),
        )
    assert told(world) == [("ana@example.org", Frequency.WEEKLY)]


def test_criteria_are_asked_for_and_shown_through_the_api(world: World, client: TestClient) -> None:
    wish = {
        "email": "ana@example.org",
        "frequency": "weekly",
        "target": {"kind": "needs", "criteria": {"kinds": ["training"], "countries": ["NP", "BD"]}},
    }
    asked = client.post("/subscriptions", json=wish)
    assert asked.status_code == 202, asked.text
    with world.database.write() as session:
        made = subscriptions.confirm(session, UUID(asked.json()["subscription_id"]), utc_now())
        assert made.criteria == {"kinds": ["training"], "countries": ["BD", "NP"]}
    refused = client.post(
        "/subscriptions",
        json={**wish, "target": {"kind": "needs", "criteria": {"sdgs": ["18"], "kinds": ["x"]}}},
    )
    assert refused.status_code == 422
    assert {each["pointer"] for each in refused.json()["errors"]} == {
        "/target/criteria/kinds",
        "/target/criteria/sdgs",
    }
    for target in (
        {"kind": "theme", "id": "x", "criteria": {}},
        {"kind": "needs", "id": "x"},
        {"kind": "needs", "criteria": {"kinds": ["training", "training"]}},
        {"kind": "needs", "criteria": {"themes": [f"{n:040}" for n in range(50)]}},
    ):
        assert client.post("/subscriptions", json={**wish, "target": target}).status_code == 422
    with world.database.read() as session:
        assert len(session.exec(select(Subscription)).all()) == 1
