"""Institutions go out as files, and come in again as they were."""

import csv
import io
import json
import zipfile
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.registry import exports
from services.registry.settings import SERVICE
from shared.cells import is_formula, neutralised, original
from shared.database import Database
from shared.events.catalogue import REGISTRY
from shared.outbox import start_history
from shared.row_files import Form
from tests.databases import SqliteServer
from tests.registry.importing import PARTNER, Importing
from tests.registry.journey import Person, Registry
from tests.registry.stage import Stage, assert_refused

SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def exported(registry: Registry, by: Person | None, **parameters: str) -> list[dict[str, Any]]:
    answer = registry.client.get(
        "/institutions/export",
        params={"format": "jsonl", **parameters},
        headers=by.headers if by else {},
    )
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def test_everybody_exports_what_they_may_see(registry: Registry) -> None:
    coordinator = registry.coordinator()
    verified, _ = registry.verified(coordinator, name="World Food Programme", acronym="WFP")
    own, person = registry.submitted()

    def names(by: Person | None) -> list[str]:
        return [row["name"] for row in exported(registry, by)]

    assert names(None) == [verified["name"]]
    assert names(person) == names(coordinator) == [verified["name"], own["name"]]


def test_an_export_has_the_filters_of_the_list(embedded_registry: Registry) -> None:
    coordinator = embedded_registry.coordinator()
    verified, _ = embedded_registry.verified(coordinator, name="World Food Programme")
    embedded_registry.submitted()

    assert [row["id"] for row in exported(embedded_registry, coordinator, status="verified")] == [
        verified["id"]
    ]
    assert [row["id"] for row in exported(embedded_registry, coordinator, q="food")] == [
        verified["id"]
    ]


def test_a_relation_to_what_the_reader_may_not_see_is_left_out(embedded_registry: Registry) -> None:
    coordinator = embedded_registry.coordinator()
    hidden, _ = embedded_registry.submitted(name="Hidden", acronym="H")
    embedded_registry.verified(coordinator, name="Seen", acronym="S")
    importing = Importing.into(embedded_registry.database)
    importing.rows({"name": "Seen", "parent": hidden["id"], "reference": "CRM-7"})

    [public] = exported(embedded_registry, None)
    [full] = exported(embedded_registry, coordinator, status="verified")

    assert (public["parent"], public["reference"]) == (None, None)
    assert (full["parent"], full["reference"]) == (hidden["id"], "CRM-7")


def test_a_csv_export_is_a_download_that_a_spreadsheet_reads(embedded_registry: Registry) -> None:
    coordinator = embedded_registry.coordinator()
    Importing.into(embedded_registry.database).rows(
        {**PARTNER, "name": "École", "descriptions": {"fr": "Recherche.\n\nFormation."}}
    )

    answer = embedded_registry.client.get("/institutions/export", headers=coordinator.headers)

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="institutions-')
    assert answer.content.startswith(b"\xef\xbb\xbfid,reference,name,")
    [row] = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))
    assert (row["name"], row["description_fr"]) == ("École", "Recherche.\n\nFormation.")


def test_a_workbook_holds_texts_and_no_formula(embedded_registry: Registry) -> None:
    coordinator = embedded_registry.coordinator()
    Importing.into(embedded_registry.database).rows(
        {**PARTNER, "name": "=1+1", "descriptions": {"en": '=HYPERLINK("https://example.org/")'}}
    )

    answer = embedded_registry.client.get(
        "/institutions/export", params={"format": "xlsx"}, headers=coordinator.headers
    )

    with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
        sheet = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))
    rows = [
        ["".join(cell.itertext()) for cell in row.iter(f"{SHEET}c")]
        for row in sheet.iter(f"{SHEET}row")
    ]
    assert rows[0][:3] == ["id", "reference", "name"]
    assert "=1+1" in rows[1]
    assert list(sheet.iter(f"{SHEET}f")) == []


@pytest.mark.parametrize("format_", ["pdf", ""])
def test_an_unknown_format_is_refused(stage: Stage, format_: str) -> None:
    assert_refused(
        stage,
        lambda: stage.send("GET", "/institutions/export", params={"format": format_}),
        422,
        "invalid-input",
        "format",
    )


def test_an_export_reads_in_parts_and_loses_nobody(
    embedded_registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "PART", 2)
    importing = Importing.into(embedded_registry.database)
    importing.rows(*({**PARTNER, "name": f"P{n}", "acronym": None} for n in range(5)))

    lines = importing.exported(Form.JSONL).splitlines()

    assert [json.loads(line)["name"] for line in lines] == ["P0", "P1", "P2", "P3", "P4"]


@given(st.text())
def test_a_neutralised_cell_is_no_formula_and_gives_its_text_back(text: str) -> None:
    assert not is_formula(neutralised(text))
    assert original(neutralised(text)) == text


BEGINNINGS = st.sampled_from(["", "=", "+", "-", "@", "'", "'=", "''-", '"', ";", "＝"])
LETTERS = st.text(alphabet="abcÉñ 農;:,[]\"'=|-", min_size=1, max_size=12).map(str.strip)
TEXTS = st.builds(lambda start, letters: start + letters, BEGINNINGS, LETTERS.filter(bool))
NAMES = TEXTS.filter(lambda text: any(character.isalnum() for character in text))
PROFILES = st.fixed_dictionaries(
    {"name": NAMES, "organisation_type": st.sampled_from(["60", "70"])},
    optional={
        "acronym": TEXTS,
        "name_language": st.sampled_from(["en", "zh-Hans"]),
        "names": st.lists(
            st.fixed_dictionaries(
                {"kind": st.just("alias"), "value": NAMES},
                optional={"language": st.sampled_from(["fr", "pt-BR"])},
            ),
            max_size=1,
        ),
        "country": st.sampled_from(["KE", "GH"]),
        "countries": st.sampled_from([[], ["KE"], ["GH", "KE"]]),
        "sdgs": st.sampled_from([["1", "17"], ["2"]]),
        "languages": st.sampled_from([["sw", "en"]]),
        "email_domains": st.sampled_from([["example.org"], ["xn--bcher-kva.example", "a.org"]]),
        "identifiers": st.sampled_from(
            [[{"scheme": "XI-ROR", "value": "02mhbdp94", "source": "https://ror.org/02mhbdp94"}]]
        ),
        "descriptions": st.dictionaries(
            st.sampled_from(["en", "zh-Hans"]),
            st.builds(lambda one, two: f"{one}\n\n{two}", TEXTS, TEXTS),
            max_size=2,
        ),
        "reference": TEXTS,
    },
)


@given(profiles=st.lists(PROFILES, min_size=1, max_size=4))
@settings(
    max_examples=10,
    deadline=None,
    # Without the shrinking, which takes minutes on a database.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_an_export_that_is_imported_again_changes_nothing(
    sqlite_server: SqliteServer, profiles: list[dict[str, Any]]
) -> None:
    database = Database(sqlite_server.migrated(SERVICE.migrations))
    with database.write() as session:
        start_history(session, REGISTRY)
    importing = Importing.into(database)
    importing.rows(*profiles)
    before = importing.state(), importing.exported(Form.JSONL)

    for form in Form:
        again = importing.run(importing.exported(form), form)

        assert set(again.outcomes) == {"unchanged"}, (form, [row.faults for row in again.rows])
        assert (importing.state(), importing.exported(Form.JSONL)) == before
    database.close()
