"""What the search knows keeps up with what is stored, in every process."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import Session, select
from typer.testing import CliRunner, Result

from services.registry import lifecycle, search_cards, search_index
from services.registry.__main__ import app
from services.registry.finding import look_for
from services.registry.search_cards import new_catalogue
from services.registry.settings import SERVICE, settings
from services.registry.tables import (
    HistoryEntry,
    Institution,
    InstitutionCode,
    InstitutionName,
    Person,
    SearchEntry,
)
from shared.database import Database
from shared.search.finding import Question, Sort, facets
from tests.databases import PostgresServer
from tests.registry.journey import Registry
from tests.registry.shelf import COORDINATOR, found_ids, found_names, put


@pytest.fixture
def postgres_database(postgres_server: PostgresServer) -> Iterator[Database]:
    """The registry's database on PostgreSQL alone, where transactions run side by side."""
    opened = Database(postgres_server.migrated(SERVICE.migrations))
    yield opened
    opened.close()


def asked(words: str) -> Question:
    return Question(words, sort=Sort.RELEVANCE)


def touched(session: Session, institution_id: UUID) -> Institution:
    """Take a step on an institution, as every change of it does."""
    institution = session.get_one(Institution, institution_id)
    person = session.exec(select(Person)).first()
    if person is None:
        person = Person(name="Ana", email="a@example.org", email_key="a@example.org")
        session.add(person)
        session.flush()
    lifecycle.record_update(session, institution, person.id, {})
    return institution


def test_a_change_is_found_at_once_under_what_it_is_now(registry: Registry) -> None:
    coordinator = registry.coordinator()
    institution, person = registry.submitted(name="Ministry of Fishing", acronym="MOF")

    def found(words: str) -> list[str]:
        answer = registry.client.get(
            "/institutions", params={"q": words}, headers=coordinator.headers
        )
        return [item["id"] for item in answer.json()["items"]]

    assert found("fishing") == [institution["id"]]
    registry.step(institution, "update", person, name="Department of Oceans", acronym=None)

    assert found("fishing") == []
    assert found("mof") == []
    assert found("oceans") == [institution["id"]]


def test_everybody_finds_an_institution_once_it_is_verified(registry: Registry) -> None:
    coordinator = registry.coordinator()
    institution, _ = registry.submitted()
    assert registry.client.get("/institutions?q=cirdap").json()["items"] == []

    registry.step(institution, "verify", coordinator, evidence="Seen.")

    items = registry.client.get("/institutions?q=cirdap").json()["items"]
    assert [item["id"] for item in items] == [institution["id"]]


def test_codes_and_descriptions_are_indexed_whoever_wrote_them(database: Database) -> None:
    catalogue = new_catalogue()
    with database.write() as session:
        one = put(session, "Zoo").id
    assert found_ids(database, catalogue, asked("elephants")) == []

    with database.write() as session:
        institution = touched(session, one)
        # After the step, as it may be: what counts is what is there at the commit.
        institution.descriptions = {"en": "Keeps elephants", "fr": "Éléphants"}
        session.add(InstitutionCode(institution_id=one, vocabulary="themes", code="animals"))
        session.add(
            InstitutionName(
                institution_id=one, kind="alias", value="Tiergarten", comparison_key="tiergarten"
            )
        )

    assert found_ids(database, catalogue, asked("elephants")) == [one]
    assert found_ids(database, catalogue, asked("tiergraten")) == [one], "the lexicon grows"
    with database.read() as session:
        found = look_for(session, catalogue, COORDINATOR, Question())
    assert facets(catalogue, found)["themes"] == {"animals": 1}


def test_what_is_rolled_back_is_never_found(database: Database) -> None:
    catalogue = new_catalogue()
    with database.write() as session:
        put(session, "Zoo")
        session.rollback()
    with database.write() as session:
        nested = session.begin_nested()
        put(session, "Aquarium")
        nested.rollback()
        put(session, "Museum")

    assert found_names(database, catalogue, Question()) == ["Museum"]
    assert found_names(database, catalogue, asked("aquarium")) == []


def test_each_process_sees_what_another_committed(database: Database) -> None:
    ours, theirs = new_catalogue(), new_catalogue()
    for name in ("Zoo", "Museum", "Aquarium"):
        with database.write() as session:
            put(session, name)
        for catalogue in (ours, theirs):
            assert name in found_names(database, catalogue, Question())


def test_a_transaction_that_began_first_and_committed_last_is_not_overlooked(
    postgres_database: Database,
) -> None:
    database, catalogue = postgres_database, new_catalogue()
    with database.write() as early:
        put(early, "Early")
        search_index.index(early, [early.exec(select(Institution.id)).one()])
        with database.write() as late:
            put(late, "Late")
        assert found_names(database, catalogue, Question()) == ["Late"]

    assert set(found_names(database, catalogue, Question())) == {"Early", "Late"}


def test_a_catalogue_that_kept_up_equals_a_new_one(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = Random(4)
    kept_up = new_catalogue()
    ids: list[UUID] = []
    for turn in range(25):
        with database.write() as session:
            if turn < 5 or chance.random() < 0.3:
                ids.append(put(session, f"Institution {chance.randrange(9)}").id)
            for one in chance.sample(ids, 2 if len(ids) > 1 else 1):
                institution = touched(session, one)
                institution.name_key = f"institution {chance.randrange(9)}"
                institution.country = chance.choice(["TH", "KE", None])
                institution.status = chance.choice(["verified", "submitted"])
        if turn == 15:
            monkeypatch.setattr("shared.search.catalogue.MANY", 1)
        new = new_catalogue()
        for sort in Sort:
            question = Question(sort=sort)
            assert found_ids(database, kept_up, question) == found_ids(database, new, question)
        with database.read() as session:
            counted = [
                facets(catalogue, look_for(session, catalogue, COORDINATOR, Question()))
                for catalogue in (kept_up, new)
            ]
        assert counted[0] == counted[1]


def test_an_institution_that_is_forgotten_is_gone(database: Database) -> None:
    catalogue = new_catalogue()
    with database.write() as session:
        zoo, museum = put(session, "Zoo").id, put(session, "Museum").id
    assert set(found_ids(database, catalogue, Question())) == {zoo, museum}

    with database.write() as session:
        search_index.forget(session, zoo)
        for table in (HistoryEntry, InstitutionName):
            for row in session.exec(select(table).where(table.institution_id == zoo)):
                session.delete(row)
        session.flush()
        session.delete(session.get_one(Institution, zoo))

    assert found_ids(database, catalogue, Question()) == [museum]
    assert found_ids(database, catalogue, asked("zoo")) == []
    assert found_ids(database, new_catalogue(), Question()) == [museum]


def test_indexing_anew_repairs_what_went_past_the_service(database: Database) -> None:
    catalogue = new_catalogue()
    with database.write() as session:
        zoo = put(session, "Zoo").id
        put(session, "Museum")
    found_ids(database, catalogue, Question())
    with database.write() as session:
        session.execute(text("UPDATE institution_name SET value = 'Menagerie' WHERE value = 'Zoo'"))
        session.execute(text(f"DELETE FROM {search_cards.WORDS}"))

    assert list(search_index.reindex(database)) == [2]

    assert found_ids(database, catalogue, asked("menagerie")) == [zoo]
    assert found_names(database, catalogue, asked("museum")) == ["Museum"]


def test_a_registry_of_an_older_version_is_indexed_when_it_migrates(database: Database) -> None:
    with database.write() as session:
        put(session, "Museum")
    with database.write() as session:
        session.add(
            Institution(name="Zoo", name_key="zoo", organisation_type="22", status="verified")
        )
    assert found_names(database, new_catalogue(), Question()) == ["Museum"]

    assert list(search_index.index_missing(database)) == [1]
    assert list(search_index.index_missing(database)) == []

    assert found_names(database, new_catalogue(), Question(sort=Sort.NAME)) == ["Museum", "Zoo"]


def test_an_endless_word_and_a_long_description_are_stored(database: Database) -> None:
    with database.write() as session:
        one = put(
            session,
            "Zoo",
            descriptions={"en": "x" * 20_000 + " " + " ".join(f"w{n}" for n in range(9_000))},
        ).id

    assert found_ids(database, new_catalogue(), asked("w4000")) == [one]
    assert found_ids(database, new_catalogue(), asked("x" * 64)) == [one]


def test_the_search_is_indexed_anew_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY_DATABASE_URL", f"sqlite:///{tmp_path / 'registry.db'}")
    monkeypatch.setenv("REGISTRY_SIGNING_KEY_FILE", str(tmp_path / "signing.json"))

    def run(command: str) -> Result:
        settings.cache_clear()
        return CliRunner().invoke(app, [command])

    assert run("migrate").exit_code == 0
    database = Database(f"sqlite:///{tmp_path / 'registry.db'}")
    with database.write() as session:
        put(session, "Zoo")
        session.execute(text("DELETE FROM outbox"))

    result = run("reindex")

    settings.cache_clear()
    assert result.exit_code == 0
    assert "1 institutions are indexed anew." in result.stdout
    with database.read() as session:
        assert len(session.exec(select(SearchEntry)).all()) == 1
    database.close()
