"""Filters, counts, orders and pages of what is found, held against going through all of it."""

from collections import Counter
from collections.abc import Callable, Iterator
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import select

from services.registry.finding import look_for
from services.registry.permissions import Sight, acting_person, sight_of, visible_to
from services.registry.search_cards import INSTITUTIONS, new_catalogue
from services.registry.settings import SERVICE
from services.registry.tables import FocalPoint, Institution, Person
from shared.columns import utc_now
from shared.database import Database
from shared.events.catalogue import REGISTRY
from shared.identity import Caller
from shared.outbox import start_history
from shared.pagination import PageParams
from shared.problems import Problem
from shared.search.catalogue import Catalogue
from shared.search.finding import Question, Sort, facets, page_of, total
from tests.registry.shelf import found_ids, put

THEMES = ["health", "water", "trade"]
COUNTRIES = ["TH", "KE", "BR", "SN"]
NAMES = ["Water Board", "water board", "Trade Office", "Zoo", "Ärzte", "Health Fund", "Kenya Fund"]
REGIONS = {
    "002": {"002", "001"},
    "011": {"011", "202", "002", "001"},
    "014": {"014", "202", "002", "001"},
    "035": {"035", "142", "001"},
    "199": {"199"},
}
"""Each with the regions that include it (UN M49)."""
MANY = 60


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shelf(
    request: pytest.FixtureRequest,
) -> Iterator[tuple[Database, Catalogue, dict[UUID, dict[str, set[str]]]]]:
    """Sixty institutions, the catalogue of them, and what they were given by field."""
    server = request.getfixturevalue(f"{request.param.removesuffix('ql')}_server")
    database = Database(server.migrated(SERVICE.migrations))
    chance = Random(6)
    given_codes: dict[UUID, dict[str, set[str]]] = {}
    with database.write() as session:
        start_history(session, REGISTRY)
        for number in range(MANY):
            own: dict[str, Any] = {
                "organisation_type": chance.choice(["10", "22", "40"]),
                "subtype": chance.choice([None, "ministry"]),
                "country": chance.choice([None, *COUNTRIES]),
                "status": chance.choice(["verified", "verified", "submitted", "rejected"]),
            }
            codes = {
                "themes": chance.sample(THEMES, chance.randrange(3)),
                "countries": chance.sample(COUNTRIES, chance.randrange(4)),
                "regions": chance.sample(list(REGIONS), chance.randrange(3)),
                "sdgs": chance.sample(["1", "10", "17"], chance.randrange(3)),
                "languages": chance.sample(["en", "fr", "th"], chance.randrange(3)),
            }
            institution = put(
                session,
                f"{chance.choice(NAMES)} {number % 40}",
                codes=codes,
                visibility=chance.choice(["public", "public", "partners", "private"]),
                **own,
            )
            given_codes[institution.id] = {
                **{name: {value} for name, value in own.items() if value},
                **{name: set(some) for name, some in codes.items()},
                "regions": set().union(*(REGIONS[code] for code in codes["regions"])),
            }
    yield database, new_catalogue(), given_codes
    database.close()


filters = st.fixed_dictionaries(
    {},
    optional={
        "status": st.lists(st.sampled_from(["verified", "submitted", "merged"]), max_size=2),
        "organisation_type": st.lists(st.sampled_from(["10", "22", "99"]), max_size=2),
        "subtype": st.just(["ministry"]),
        "country": st.lists(st.sampled_from(COUNTRIES), max_size=2),
        "countries": st.lists(st.sampled_from(COUNTRIES), max_size=3),
        "regions": st.lists(st.sampled_from(["001", "002", "202", "011", "199"]), max_size=2),
        "themes": st.lists(st.sampled_from(THEMES), max_size=2),
        "sdgs": st.lists(st.sampled_from(["1", "10", "17"]), max_size=2),
        "languages": st.just(["fr", "th"]),
    },
)


def _fits(own: dict[str, set[str]], asked: dict[str, list[str]], but: str = "") -> bool:
    return all(
        own.get(name, set()) & set(codes) for name, codes in asked.items() if codes and name != but
    )


@settings(max_examples=40, deadline=None)
@given(filters)
def test_any_code_of_a_field_fits_and_every_field_must(
    shelf: tuple[Database, Catalogue, dict[UUID, dict[str, set[str]]]], asked: dict[str, list[str]]
) -> None:
    database, catalogue, given_codes = shelf

    found = found_ids(database, catalogue, Question(codes=asked))

    assert found == [one for one, own in sorted(given_codes.items()) if _fits(own, asked)]


@settings(max_examples=40, deadline=None)
@given(filters, st.sampled_from([None, "water board", "fund"]))
def test_a_field_is_counted_as_if_it_were_not_filtered_by(
    shelf: tuple[Database, Catalogue, dict[UUID, dict[str, set[str]]]],
    asked: dict[str, list[str]],
    words: str | None,
) -> None:
    database, catalogue, given_codes = shelf
    with database.read() as session:
        with_words = set(found_ids(database, catalogue, Question(words)))
        found = look_for(session, catalogue, Sight(everything=True), Question(words, asked))

    counted = facets(catalogue, found)

    assert list(counted) == list(INSTITUTIONS.fields)
    for name in INSTITUTIONS.fields:
        expected = Counter(
            code
            for one, own in given_codes.items()
            if one in with_words and _fits(own, asked, but=name)
            for code in own.get(name, ())
        )
        assert counted[name] == expected, name
        assert list(counted[name].values()) == sorted(expected.values(), reverse=True)
    assert total(found) == sum(_fits(given_codes[one], asked) for one in with_words)


@pytest.mark.parametrize("sort", list(Sort))
@pytest.mark.parametrize("limit", [1, 7, 59, 60])
def test_pages_in_any_order_leave_nothing_out_and_repeat_nothing(
    shelf: tuple[Database, Catalogue, dict[UUID, dict[str, set[str]]]], sort: Sort, limit: int
) -> None:
    database, catalogue, _ = shelf
    with database.read() as session:
        rows = {row.id: row for row in session.exec(select(Institution))}
    keys: dict[Sort, Callable[[UUID], Any]] = {
        Sort.RELEVANCE: lambda one: (rows[one].name_key, one),
        Sort.NAME: lambda one: (rows[one].name_key, one),
        Sort.OLDEST: lambda one: (rows[one].registered_at, one),
        Sort.NEWEST: lambda one: (rows[one].registered_at, one),
        Sort.CHANGED: lambda one: (rows[one].updated_at, one),
    }

    read = found_ids(database, catalogue, Question(sort=sort), limit=limit)

    backwards = sort in {Sort.NEWEST, Sort.CHANGED}
    assert read == sorted(rows, key=keys[sort], reverse=backwards)


@pytest.mark.parametrize("sort", list(Sort))
def test_many_hits_are_paged_as_few_are(
    shelf: tuple[Database, Catalogue, dict[UUID, dict[str, set[str]]]],
    sort: Sort,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    database, catalogue, _ = shelf
    question = Question("fund office board", {"status": ["verified"]}, sort)
    every = Question(codes={"status": ["verified", "submitted"]}, sort=sort)
    few = [found_ids(database, catalogue, asked, limit=7) for asked in (question, every)]

    monkeypatch.setattr("shared.search.catalogue.MANY", 1)

    assert [found_ids(database, catalogue, asked, limit=7) for asked in (question, every)] == few


def _caller(person: Person) -> Caller:
    return Caller(id=person.id, kind="person", scopes=frozenset({"act"}))


def test_what_is_found_is_what_the_caller_may_see(
    shelf: tuple[Database, Catalogue, dict[UUID, dict[str, set[str]]]],
) -> None:
    database, catalogue, given_codes = shelf
    chance = Random(1)
    with database.write() as session:
        people = [
            Person(name="Ana", email=f"{n}@example.org", email_key=f"{n}@example.org")
            for n in range(4)
        ]
        session.add_all(people)
        session.flush()
        session.add_all(
            FocalPoint(
                person_id=person.id,
                institution_id=one,
                confirmed_at=chance.choice([None, utc_now()]),
            )
            for person in people[1:]
            for one in chance.sample(sorted(given_codes), 9)
        )

    for caller in (None, *map(_caller, people)):
        with database.read() as session:
            sight = sight_of(session, acting_person(caller))
            allowed = session.exec(select(Institution.id).where(visible_to(session, caller))).all()
        assert set(found_ids(database, catalogue, Question(), sight)) == set(allowed)
        assert 0 < len(allowed) < MANY


@pytest.mark.parametrize(
    "other",
    [
        Question("water", sort=Sort.NAME),
        Question("fund"),
        Question("fund", sort=Sort.CHANGED),
        Question("fund", {"themes": ["health"]}, Sort.NAME),
        Question(sort=Sort.NAME),
    ],
    ids=["words", "default order", "order", "filter", "no words"],
)
def test_a_cursor_of_another_list_is_refused(
    shelf: tuple[Database, Catalogue, dict[UUID, dict[str, set[str]]]], other: Question
) -> None:
    database, catalogue, _ = shelf
    asked = Question("fund", {"themes": []}, Sort.NAME)
    with database.read() as session:
        found = look_for(session, catalogue, Sight(everything=True), asked)
        cursor = page_of(catalogue, found, PageParams(None, 2)).next_cursor
        others = look_for(session, catalogue, Sight(everything=True), other)
    assert cursor

    with pytest.raises(Problem, match="another list"):
        page_of(catalogue, others, PageParams(cursor, 2))


def test_the_cursor_of_the_same_question_in_other_words_is_good(
    shelf: tuple[Database, Catalogue, dict[UUID, dict[str, set[str]]]],
) -> None:
    database, catalogue, _ = shelf
    with database.read() as session:
        sight = Sight(everything=True)
        found = look_for(session, catalogue, sight, Question("Fund", {"sdgs": ["1", "10"]}))
        cursor = page_of(catalogue, found, PageParams(None, 1)).next_cursor
        again = look_for(session, catalogue, sight, Question("fünd ", {"sdgs": ["10", "1"]}))
        page_of(catalogue, again, PageParams(cursor, 1))
