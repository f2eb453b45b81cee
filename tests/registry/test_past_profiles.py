"""The profile as it was at an earlier moment."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from services.registry import institutions, lifecycle
from services.registry.institutions import Profile, ProfileChange
from services.registry.people import PersonDraft
from services.registry.profile_history import profile_as_of
from services.registry.profiles import profile_of
from services.registry.tables import HistoryEntry
from shared.columns import utc_now
from shared.database import Database
from shared.moments import moment_of
from shared.vocabularies import VocabularyName, vocabulary
from tests.registry.journey import CIRDAP, Person, Registry
from tests.registry.stage import Stage, assert_refused
from tests.registry.test_profile import WHOLE


def some(name: VocabularyName) -> st.SearchStrategy[list[str]]:
    codes = [term.code for term in vocabulary(name).terms]
    return st.lists(st.sampled_from(codes), unique=True, max_size=4)


LINE = st.text(st.characters(categories=["Lu", "Ll"], max_codepoint=0x17F), min_size=1, max_size=8)
LANGUAGE = st.sampled_from(["en", "fr", "pt-BR", "zh-Hant"])
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "name": LINE,
        "name_language": st.none() | LANGUAGE,
        "acronym": st.none() | LINE,
        "names": st.lists(
            st.builds(lambda value: {"kind": "alias", "value": value}, LINE),
            unique_by=lambda name: name["value"].casefold(),
            max_size=3,
        ),
        "country": st.sampled_from(["BD", "TH", None]),
        "countries": some("countries"),
        "regions": some("regions"),
        "themes": some("themes"),
        "sdgs": st.none() | some("sdgs"),
        "languages": st.lists(LANGUAGE, unique=True),
        "website": st.sampled_from([None, "https://www.example.org/"]),
        "email_domains": st.lists(
            st.sampled_from(["a.example", "b.example", "c.example"]), unique=True
        ),
        "identifiers": st.lists(
            st.sampled_from([{"scheme": "XM-DAC", "value": str(number)} for number in range(4)]),
            unique_by=lambda each: each["value"],
        ),
        "descriptions": st.none() | st.dictionaries(LANGUAGE, st.none() | LINE),
        "visibility": st.sampled_from(["public", "partners", "private"]),
    },
)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(CHANGES, min_size=1, max_size=5))
def test_taking_the_history_back_gives_each_earlier_profile(
    database: Database, changes: list[dict[str, Any]]
) -> None:
    with Session(database.engine) as session:
        institution, person = institutions.register(
            session, Profile(**CIRDAP), PersonDraft(name="Ana", email="a@example.org"), utc_now()
        )
        lifecycle.confirm(session, institution, by=person.id, now=utc_now())
        were = {institution.version: profile_of(session, institution)}
        for change in changes:
            institutions.update(session, institution, ProfileChange(**change), by=person.id)
            were[institution.version] = profile_of(session, institution)
        steps = session.exec(select(HistoryEntry).order_by(col(HistoryEntry.version))).all()
        newest_at = {step.at: step.version for step in steps}

        for moment, version in newest_at.items():
            past = profile_as_of(session, institution, moment)
            assert past.step.version == version
            past.profile.pop("logo_digest")
            assert past.profile == were.get(version, were[2])
        session.rollback()


def as_of(registry: Registry, institution_id: str, by: Person, moment: str) -> dict[str, Any]:
    answer = registry.client.get(
        f"/institutions/{institution_id}", params={"as_of": moment}, headers=by.headers
    )
    assert answer.status_code == 200, answer.text
    assert "etag" not in answer.headers, "the past can't be edited"
    body: dict[str, Any] = answer.json()
    return body


def test_its_people_and_coordinators_read_the_profile_as_it_was(registry: Registry) -> None:
    coordinator = registry.coordinator()
    institution, focal_point = registry.submitted(**WHOLE)
    verified = registry.step(institution, "verify", coordinator, evidence="Seen.").json()
    registry.step(verified, "update", focal_point, themes=["health"], name="Rural Centre")

    was = as_of(registry, institution["id"], focal_point, institution["updated_at"])
    assert (was["version"], was["status"]) == (2, "submitted")
    assert {field: was[field] for field in WHOLE} == WHOLE
    assert was["name"] == CIRDAP["name"]
    assert was["related"] is None
    assert was["verified_until"] is None
    was = as_of(registry, institution["id"], coordinator, verified["updated_at"])
    assert (was["version"], was["status"], was["themes"]) == (3, "verified", WHOLE["themes"])
    assert was["verified_until"] == verified["verified_until"]
    today = datetime.now(UTC).date().isoformat()
    was = as_of(registry, institution["id"], coordinator, today)
    assert (was["version"], was["name"], was["themes"]) == (4, "Rural Centre", ["health"])


def test_before_its_registration_there_is_nothing(stage: Stage) -> None:
    before = (datetime.now(UTC) - timedelta(days=1)).isoformat()

    assert_refused(stage, lambda: past(stage, before), 404, "not-found")


def past(stage: Stage, moment: str, by: Person | None = None) -> Any:
    return stage.send(
        "GET",
        stage.path("/institutions/{own}"),
        params={"as_of": moment},
        headers=(by or stage.focal_point).headers,
    )


@pytest.mark.parametrize(
    "moment",
    [
        "",
        "yesterday",
        "2026-3-1",
        "2026-02-30",
        "20260301",
        "2026-W09",
        "2026-03-01T12:00:00",
        "12:00:00Z",
        "1772323200",
        "9999-12-31",
        "2026-03-01T25:00:00Z",
    ],
)
def test_what_is_no_day_or_time_is_refused(stage: Stage, moment: str) -> None:
    assert_refused(stage, lambda: past(stage, moment), 422, "invalid-input", "as_of")


def test_the_public_does_not_read_the_past(embedded_registry: Registry) -> None:
    institution, _ = embedded_registry.verified(embedded_registry.coordinator())

    answer = embedded_registry.client.get(
        f"/institutions/{institution['id']}", params={"as_of": "2026-11-24"}
    )

    assert answer.status_code == 403
    assert answer.json()["type"] == "/problems/forbidden"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01", datetime(2026, 3, 1, 23, 59, 59, 999_999, UTC)),
        ("2026-03-01T12:00:00Z", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2026-03-01T12:00:00+07:00", datetime(2026, 3, 1, 5, tzinfo=UTC)),
        ("2026-03-01T12:00:00 07:00", datetime(2026, 3, 1, 5, tzinfo=UTC)),
    ],
    ids=["a day", "UTC", "an offset", "an unescaped plus"],
)
def test_a_day_stands_for_its_end(text: str, moment: datetime) -> None:
    assert moment_of(text) == moment
