"""A coordinator brings in the partners of a list."""

import json
import threading

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from services.registry import calendar, imports, institutions, lifecycle
from services.registry.institutions import ProfileChange
from services.registry.settings import SERVICE
from services.registry.tables import (
    HistoryEntry,
    Institution,
    Outbox,
)
from shared.columns import utc_now
from shared.database import Database
from shared.events.catalogue import REGISTRY
from shared.outbox import start_history
from shared.row_files import Form
from tests.databases import SqliteServer
from tests.registry.conftest import Running
from tests.registry.importing import PARTNER, Importing, lines, table
from tests.registry.journey import Registry
from tests.waiting import wait_until


@pytest.fixture
def importing(database: Database) -> Importing:
    """A coordinator, on SQLite and on PostgreSQL."""
    return Importing.into(database)


@pytest.fixture
def embedded(sqlite_server: SqliteServer) -> Importing:
    """A coordinator, on SQLite alone."""
    database = Database(sqlite_server.migrated(SERVICE.migrations))
    with database.write() as session:
        start_history(session, REGISTRY)
    return Importing.into(database)


def events(importing: Importing) -> list[str]:
    with importing.database.read() as session:
        return list(
            session.exec(
                select(Outbox.type)
                .where(col(Outbox.subject).startswith("institutions/"))
                .order_by(col(Outbox.id))
            )
        )


def test_a_row_makes_an_institution_that_waits_for_verification(importing: Importing) -> None:
    done = importing.rows(PARTNER)

    [institution] = importing.institutions()
    assert done.outcomes == ["create"]
    assert done.rows[0].institution_id == institution.id
    assert (institution.name, institution.status) == (PARTNER["name"], "submitted")
    with importing.database.read() as session:
        [step] = session.exec(select(HistoryEntry)).all()
    assert (step.action, step.actor_id) == ("import", importing.by)
    assert step.reason == "Imported from p.jsonl, line 1."
    assert events(importing) == ["org.southlink.institution.submitted.v1"]


def test_every_column_of_a_table_reaches_the_profile(importing: Importing) -> None:
    done = importing.run(
        table(
            [*PARTNER, "name_language", "names", "countries", "sdgs", "languages", "email_domains",
             "identifiers", "website", "visibility", "description_en", "description_zh-hans"],
            [*PARTNER.values(), "en", "alias [fr]: Centre rural\nformer: CIRDAP Dhaka", "BD; TH",
             "17;1", "en;bn", "cirdap.org", "XI-ROR: 02mhbdp94", "https://www.cirdap.org/",
             "partners", "It promotes\n\nrural development.", "农村发展"],
        )
    )  # fmt: skip

    assert done.outcomes == ["create"], done.faults()
    assert json.loads(importing.exported(Form.JSONL)) == {
        "id": str(done.rows[0].institution_id),
        "reference": None,
        **PARTNER,
        "name_language": "en",
        "names": [
            {"kind": "alias", "value": "Centre rural", "language": "fr"},
            {"kind": "former", "value": "CIRDAP Dhaka", "language": None},
        ],
        "countries": ["BD", "TH"],
        "regions": [],
        "themes": [],
        "sdgs": ["1", "17"],
        "languages": ["bn", "en"],
        "website": "https://www.cirdap.org/",
        "email_domains": ["cirdap.org"],
        "identifiers": [
            {"scheme": "XI-ROR", "value": "02mhbdp94", "source": None, "verified_at": None}
        ],
        "parent": None,
        "predecessors": [],
        "descriptions": {"en": "It promotes\n\nrural development.", "zh-Hans": "农村发展"},
        "visibility": "partners",
        "status": "submitted",
    }


def test_the_same_file_again_changes_nothing(importing: Importing) -> None:
    file = lines([PARTNER, {**PARTNER, "reference": "R-2", "name": "World Food Programme"}])
    importing.run(file, Form.JSONL)
    before = importing.state(), events(importing)

    again = importing.run(file, Form.JSONL)

    assert again.outcomes == ["unchanged", "unchanged"]
    assert (importing.state(), events(importing)) == before


def test_a_dry_run_shows_what_would_happen_and_keeps_nothing(importing: Importing) -> None:
    importing.rows({**PARTNER, "reference": "R-1"}, {**PARTNER, "name": "Two", "acronym": None})
    before = importing.state(), events(importing)

    done = importing.rows(
        {"reference": "R-1", "acronym": "CIRD"},
        {"name": "Two"},
        {**PARTNER, "name": "New"},
        {**PARTNER, "name": "Wrong", "organisation_type": "99", "country": "Bangladesh"},
        dry_run=True,
    )

    assert done.outcomes == ["update", "unchanged", "create", "refused"]
    assert done.rows[0].changes == {"acronym": ["CIRDAP", "CIRD"]}
    assert done.rows[2].institution_id is None
    assert done.faults(3).keys() == {"/organisation_type", "/country"}
    assert "CIRDAP" not in str(done.warnings(3))
    assert (done.job.created, done.job.updated, done.job.unchanged) == (1, 1, 1)
    assert (done.job.refused, done.job.done, done.job.status) == (1, 4, "finished")
    assert (importing.state(), events(importing)) == before


def test_a_change_is_a_step_with_its_event(importing: Importing) -> None:
    importing.rows({**PARTNER, "reference": "R-1"})

    done = importing.rows({"reference": "R-1", "name": "Rural Centre", "acronym": None})

    [institution] = importing.institutions()
    assert done.outcomes == ["update"]
    assert (institution.name, institution.acronym) == ("Rural Centre", None)
    assert institution.version == 2
    assert events(importing)[-1] == "org.southlink.institution.updated.v1"


def test_an_empty_cell_leaves_what_is_there(embedded: Importing) -> None:
    embedded.rows(PARTNER)

    done = embedded.run(table(["name", "acronym", "country"], [PARTNER["name"], "", ""]))

    assert done.outcomes == ["unchanged"]


def test_another_type_takes_the_old_subtype_away(embedded: Importing) -> None:
    embedded.rows(PARTNER)

    embedded.run(table(["name", "organisation_type", "subtype"], [PARTNER["name"], "60", ""]))

    assert embedded.institutions()[0].subtype is None


def test_an_institution_is_found_by_its_identifier_whatever_its_name(embedded: Importing) -> None:
    ror = [{"scheme": "XI-ROR", "value": "02mhbdp94"}]
    embedded.rows({**PARTNER, "identifiers": ror})

    done = embedded.rows(
        {"name": "Rural Centre", "identifiers": [{**ror[0], "value": "https://ror.org/02mhbdp94"}]}
    )

    assert done.outcomes == ["update"]
    assert [one.name for one in embedded.institutions()] == ["Rural Centre"]


def test_a_name_is_compared_without_case_accents_and_punctuation(embedded: Importing) -> None:
    embedded.rows({**PARTNER, "name": "Côte d'Ivoire: École"})

    done = embedded.rows({"name": "COTE D IVOIRE ECOLE", "acronym": "E"})

    assert done.outcomes == ["update"]
    assert len(embedded.institutions()) == 1


def test_ministries_of_one_name_are_of_their_countries(embedded: Importing) -> None:
    ministry = {"name": "Ministry of Health", "organisation_type": "10", "subtype": "ministry"}
    file = lines([{**ministry, "country": "KE"}, {**ministry, "country": "GH"}])

    assert embedded.run(file, Form.JSONL).outcomes == ["create", "create"]
    assert embedded.run(file, Form.JSONL).outcomes == ["unchanged", "unchanged"]


def test_two_of_one_name_with_two_references_are_two_and_warned_of(embedded: Importing) -> None:
    file = lines([{**PARTNER, "reference": "A"}, {**PARTNER, "reference": "B"}])

    first, again = embedded.run(file, Form.JSONL), embedded.run(file, Form.JSONL)

    assert first.outcomes == ["create", "create"]
    assert first.warnings(1) == ["Line 1 has the same name, with another reference."]
    assert again.outcomes == ["unchanged", "unchanged"]
    assert len(embedded.institutions()) == 2


def test_a_possible_duplicate_is_warned_of_with_its_id(embedded: Importing) -> None:
    known = embedded.rows(PARTNER).rows[0].institution_id

    done = embedded.rows({**PARTNER, "name": "Rural Centre"})

    assert done.outcomes == ["create"]
    assert done.job.warned == 1
    [warning] = done.rows[0].warnings or []
    assert warning["institution_id"] == str(known)
    assert "same name or acronym" in warning["detail"]


@pytest.mark.parametrize(
    ("first", "second", "pointer"),
    [
        pytest.param({"name": "One"}, {"name": "ONE"}, "/name", id="name"),
        pytest.param(
            {"name": "One", "reference": "R"},
            {"name": "Two", "reference": "R"},
            "/reference",
            id="reference",
        ),
        pytest.param(
            {"name": "One", "identifiers": [{"scheme": "XI-ROR", "value": "02mhbdp94"}]},
            {"name": "Two", "identifiers": [{"scheme": "XI-ROR", "value": "02mhbdp94"}]},
            "/identifiers",
            id="identifier",
        ),
    ],
)
def test_an_institution_stands_once_in_a_file(
    embedded: Importing, first: dict[str, object], second: dict[str, object], pointer: str
) -> None:
    kind = {"organisation_type": "60"}

    for dry_run in (True, False):
        done = embedded.rows({**first, **kind}, {**second, **kind}, dry_run=dry_run)

        assert done.outcomes == ["create", "refused"]
        assert "Line 1" in done.faults(1)[pointer]


def test_a_name_that_several_have_needs_an_id(embedded: Importing) -> None:
    embedded.rows({**PARTNER, "reference": "A"}, {**PARTNER, "reference": "B"})

    done = embedded.rows({"name": PARTNER["name"], "acronym": "X"})

    assert done.outcomes == ["refused"]
    assert "Give the id" in done.faults()["/name"]


def test_an_unknown_id_and_an_id_of_another_are_refused(embedded: Importing) -> None:
    done = embedded.rows({**PARTNER, "reference": "A"}, {**PARTNER, "name": "B", "acronym": None})
    other = str(done.rows[1].institution_id)

    refused = embedded.rows(
        {"id": "018f4e2a-0000-7000-8000-000000000001", "name": "X"},
        {"id": other, "reference": "A"},
        {"id": "CRM-1", "name": "Y"},
    )

    assert refused.outcomes == ["refused"] * 3
    assert [list(refused.faults(place)) for place in range(3)] == [["/id"], ["/reference"], ["/id"]]


@pytest.mark.parametrize(
    ("row", "pointer"),
    [
        pytest.param({"name": "N" * 201}, "/name", id="too long a name"),
        pytest.param({"name": "World\u202e Bank"}, "/name", id="right-to-left override"),
        pytest.param({"name": ["World Bank"]}, "/name", id="a list for a name"),
        pytest.param({"name": {"en": "Bank"}}, "/name", id="an object for a name"),
        pytest.param({"name": None}, "/name", id="no name"),
        pytest.param({"acronym": 7}, "/acronym", id="a number for an acronym"),
        pytest.param({"reference": "R" * 101}, "/reference", id="too long a reference"),
        pytest.param({"reference": {"crm": 1}}, "/reference", id="an object for a reference"),
        pytest.param({"id": [1]}, "/id", id="a list for an id"),
        pytest.param({"country": "XX"}, "/country", id="no country"),
        pytest.param({"subtype": None}, "/subtype", id="no subtype"),
        pytest.param({"website": "javascript:alert(1)"}, "/website", id="no web address"),
        pytest.param({"themes": ["astrology"]}, "/themes/0", id="no theme"),
        pytest.param({"descriptions": {"tlh!": "X"}}, "/descriptions/tlh!/[key]", id="no language"),
        pytest.param({"status": "verified"}, "/status", id="a status of its own"),
        pytest.param({"parent": str(PARTNER["name"])}, "/parent", id="a name for a parent"),
    ],
)
def test_a_row_that_does_not_fit_is_refused_with_its_field(
    embedded: Importing, row: dict[str, object], pointer: str
) -> None:
    done = embedded.rows({**PARTNER, "name": "Right"}, {**PARTNER, "acronym": None, **row})

    assert done.outcomes == ["create", "refused"]
    assert pointer in done.faults(1), done.faults(1)
    assert len(embedded.institutions()) == 1


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1+1"])
def test_a_cell_that_a_spreadsheet_would_compute_is_refused(embedded: Importing, cell: str) -> None:
    done = embedded.run(table(["name", "organisation_type"], [cell, "60"]))

    assert done.outcomes == ["refused"]
    assert "apostrophe" in done.faults()["/name"]


def test_a_list_in_a_cell_that_cannot_be_read_is_refused(embedded: Importing) -> None:
    done = embedded.run(
        table(["name", "organisation_type", "names", "identifiers"], ["A", "60", "Alpha", "ROR"])
    )

    assert done.faults().keys() == {"/names", "/identifiers"}


def test_an_import_changes_no_status_and_nothing_where_nothing_may_change(
    embedded: Importing,
) -> None:
    institution_id = embedded.rows({**PARTNER, "reference": "A"}).rows[0].institution_id
    with embedded.database.write() as session:
        institution = session.get_one(Institution, institution_id)
        lifecycle.reject(session, institution, by=embedded.by, reason="Not known.")

    same = embedded.rows({**PARTNER, "reference": "A", "status": "rejected"})
    status = embedded.rows({**PARTNER, "reference": "A", "status": "verified"})
    change = embedded.rows({**PARTNER, "reference": "A", "acronym": "X"})

    assert same.outcomes == ["unchanged"]
    assert "an import can't change that" in status.faults()["/status"]
    assert "rejected" in change.faults()[""]


def test_what_anybody_put_down_holds_nobody_back(embedded_registry: Registry) -> None:
    embedded_registry.register("someone@example.org")
    importing = Importing.into(embedded_registry.database)

    done = importing.rows(PARTNER)

    assert done.outcomes == ["create"]
    assert "unconfirmed" in done.warnings()[0]


def test_a_row_about_a_merged_institution_names_the_one_that_remains(embedded: Importing) -> None:
    done = embedded.rows({**PARTNER, "reference": "A"}, {**PARTNER, "name": "B", "acronym": None})
    merged, remains = (row.institution_id for row in done.rows)
    with embedded.database.write() as session:
        institution = session.get_one(Institution, merged)
        institution.status, institution.merged_into = "merged", remains
        session.add(institution)

    by_reference = embedded.rows({"reference": "A", "acronym": "X"})
    by_name = embedded.rows(PARTNER)

    assert str(remains) in by_reference.faults()["/reference"]
    assert str(remains) in by_name.faults()["/name"]


def test_a_row_that_breaks_us_holds_up_no_other(
    embedded: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = institutions.bring_in

    def breaks(session, drafts, **more):  # type: ignore[no-untyped-def]
        if any(draft.institution.name == "Breaks" for draft, _ in drafts):
            raise RuntimeError("A bug of ours.")
        whole(session, drafts, **more)

    monkeypatch.setattr(institutions, "bring_in", breaks)
    kind = {"organisation_type": "60"}

    done = embedded.rows(
        {"name": "One", **kind}, {"name": "Breaks", **kind}, {"name": "Two", **kind}
    )

    assert done.outcomes == ["create", "refused", "create"]
    assert "broke on our side" in done.faults(1)[""]
    assert [one.name for one in embedded.institutions()] == ["One", "Two"]


def test_somebody_elses_change_at_the_same_time_is_kept(embedded: Importing) -> None:
    institution_id = embedded.rows({**PARTNER, "reference": "A"}).rows[0].institution_id
    embedded.store(lines([{"reference": "A", "acronym": "CIRD"}]), Form.JSONL)
    with embedded.database.write() as session:
        institution = session.get_one(Institution, institution_id)
        institutions.update(
            session, institution, ProfileChange(website="https://cirdap.org/"), embedded.by
        )

    list(imports.work(embedded.database, threading.Event()))

    [institution] = embedded.institutions()
    assert (institution.acronym, institution.website) == ("CIRD", "https://cirdap.org/")


def test_workers_side_by_side_double_nothing(
    importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "BATCH", 10)
    rows = [{**PARTNER, "name": f"Partner {n}", "acronym": None} for n in range(60)]
    first, second = (importing.store(lines(rows), Form.JSONL) for _ in range(2))

    workers = [
        threading.Thread(target=lambda: list(imports.work(importing.database, threading.Event())))
        for _ in range(3)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert set(importing.done(first).outcomes) == {"create"}
    assert set(importing.done(second).outcomes) == {"unchanged"}
    assert len(importing.institutions()) == 60


def test_the_calendar_goes_on_with_what_was_interrupted(embedded: Importing) -> None:
    rows = [{**PARTNER, "name": f"Partner {n}", "acronym": None} for n in range(imports.BATCH + 1)]
    import_id = embedded.store(lines(rows), Form.JSONL)
    with embedded.database.write() as session:
        imports.take_batch(session, utc_now())
    assert embedded.done(import_id).job.done == imports.BATCH

    calendar.keep(embedded.database, utc_now())

    assert embedded.done(import_id).job.status == "finished"
    assert len(embedded.institutions()) == imports.BATCH + 1


NAMES = st.sampled_from(["Alpha", "ALPHA", "Beta", "Gamma"])
ROWS = st.lists(
    st.fixed_dictionaries(
        {"name": NAMES, "organisation_type": st.sampled_from(["60", "99"])},
        optional={
            "reference": st.sampled_from(["R1", "R2"]),
            "country": st.sampled_from(["KE", "GH"]),
            "acronym": st.sampled_from(["A", "B"]),
            "identifiers": st.sampled_from([[{"scheme": "XI-ROR", "value": "02mhbdp94"}], []]),
        },
    ),
    min_size=1,
    max_size=6,
)


@given(first=ROWS, second=ROWS, batch=st.sampled_from([1, 2, 100]))
@settings(
    max_examples=10,
    deadline=None,
    # Without the shrinking, which takes minutes on a database.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_dry_run_comes_to_the_same_as_the_import_and_a_second_import_to_nothing(
    sqlite_server: SqliteServer,
    first: list[dict[str, str]],
    second: list[dict[str, str]],
    batch: int,
) -> None:
    database = Database(sqlite_server.migrated(SERVICE.migrations))
    with database.write() as session:
        start_history(session, REGISTRY)
    importing = Importing.into(database)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(imports, "BATCH", batch)
        importing.rows(*first)

        dry = importing.rows(*second, dry_run=True)
        real = importing.rows(*second)
        state = importing.state()
        again = importing.rows(*second)

    assert dry.outcomes == real.outcomes
    assert [row.warnings for row in dry.rows] == [row.warnings for row in real.rows]
    assert [row.faults for row in dry.rows] == [row.faults for row in real.rows]
    assert set(again.outcomes) <= {"unchanged", "refused"}
    assert importing.state() == state
    database.close()


def test_an_import_over_http_is_done_in_the_background(registry: Registry) -> None:
    coordinator = registry.coordinator()
    rows = [{**PARTNER, "name": f"Partner {n}", "acronym": None} for n in range(120)]

    answer = registry.client.post(
        "/imports",
        params={"file_name": "partners.jsonl"},
        content=lines([*rows, {"name": "Wrong"}]),
        headers={**coordinator.headers, "Content-Type": "application/jsonl"},
    )

    assert answer.status_code == 202, answer.text
    assert answer.json()["rows"] == 121
    address = answer.headers["location"]

    def finished() -> dict[str, object] | None:
        body: dict[str, object] = registry.client.get(address, headers=coordinator.headers).json()
        return body if body["status"] == "finished" else None

    job = wait_until(finished, "the import is finished", seconds=30)
    assert (job["created"], job["refused"], job["file_name"]) == (120, 1, "partners.jsonl")
    page = registry.client.get(
        f"{address}/rows", params={"limit": 100}, headers=coordinator.headers
    ).json()
    rest = registry.client.get(
        f"{address}/rows",
        params={"limit": 100, "cursor": page["next_cursor"]},
        headers=coordinator.headers,
    ).json()
    assert [row["line"] for row in [*page["items"], *rest["items"]]] == list(range(1, 122))
    refused = registry.client.get(
        f"{address}/rows", params={"outcome": "refused"}, headers=coordinator.headers
    ).json()["items"]
    assert [error["pointer"] for error in refused[0]["errors"]] == ["/organisation_type"]
    listed = registry.client.get("/imports", headers=coordinator.headers).json()["items"]
    assert [one["id"] for one in listed] == [job["id"]]


def test_an_import_asked_twice_with_one_key_is_stored_once(embedded_registry: Registry) -> None:
    coordinator = embedded_registry.coordinator()
    headers = {
        **coordinator.headers,
        "Content-Type": "text/csv; charset=utf-8",
        "Idempotency-Key": "k-1",
    }
    file = table(["name", "organisation_type"], ["One", "60"])

    def post(content: str, **params: str) -> tuple[int, str | None]:
        answer = embedded_registry.client.post(
            "/imports", content=content, headers=headers, params=params
        )
        return answer.status_code, answer.headers.get("location")

    first = post(file)
    assert first[0] == 202
    assert post(file) == first
    assert post(file, dry_run="true")[0] == 422
    assert post(file.replace("One", "Two"))[0] == 422


def test_the_template_has_the_columns_that_an_import_takes(embedded_registry: Registry) -> None:
    template = embedded_registry.client.get("/imports/template.csv")
    columns = embedded_registry.client.get("/imports/columns").json()

    header = template.content.decode("utf-8-sig").strip().split(",")
    assert header == [*(column["name"] for column in columns), "description_en"]
    importing = Importing.into(embedded_registry.database)
    row = ["" for _ in header]
    row[header.index("name")], row[header.index("organisation_type")] = "One", "60"
    done = importing.run(template.content + (",".join(row) + "\r\n").encode())
    assert done.outcomes == ["create"]


def test_an_import_larger_than_other_requests_is_taken(
    running: Running, sqlite_server: SqliteServer
) -> None:
    with running(
        database_url=sqlite_server.migrated(SERVICE.migrations), max_body_bytes=2_000
    ) as registry:
        coordinator = registry.coordinator()
        row = {**PARTNER, "descriptions": {"en": "X" * 3_000}}
        answer = registry.client.post(
            "/imports",
            content=lines([row]),
            headers={**coordinator.headers, "Content-Type": "application/jsonl"},
        )

    assert answer.status_code == 202
