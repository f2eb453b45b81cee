"""Files that can't be imported: one clear problem each, and nothing is stored."""

from typing import Any

import pytest

from services.registry.settings import SERVICE
from shared.row_files import MAX_LINE_BYTES, MAX_ROWS
from tests.databases import SqliteServer
from tests.registry.conftest import Running
from tests.registry.stage import Stage, assert_refused

CSV = "text/csv"
JSONL = "application/jsonl"
HEADER = "name,organisation_type\r\n"
GOOD = '{"name": "Fine", "organisation_type": "60"}\n'


UNREADABLE = (400, "malformed-request")
UNFIT = (422, "invalid-input")


def refused(
    stage: Stage,
    content: bytes,
    media_type: str,
    kind: tuple[int, str],
    pointer: str | None = None,
) -> str:
    answers: list[Any] = []

    def send() -> Any:
        answers.append(
            stage.send(
                "POST",
                "/imports",
                content=content,
                headers={**stage.coordinator.headers, "Content-Type": media_type},
            )
        )
        return answers[0]

    assert_refused(stage, send, *kind, pointer)
    detail: str = answers[0].json()["detail"]
    return detail


@pytest.mark.parametrize(
    ("content", "words", "line"),
    [
        pytest.param((HEADER + "Fine,60\r\n").encode("utf-16"), "UTF-16", 1, id="UTF-16"),
        pytest.param(HEADER.encode("utf-16-le"), "UTF-16", 1, id="UTF-16, no BOM"),
        pytest.param((HEADER + "École,60\r\n").encode("latin-1"), "Latin-1", 2, id="Latin-1"),
        pytest.param(b"PK\x03\x04" + b"\x00" * 20, "workbook", 1, id="a workbook"),
        pytest.param((HEADER + "Fi\x00ne,60\r\n").encode(), "NUL", 2, id="NUL"),
        pytest.param((HEADER + "Fine\r\n").encode(), "1 cells", 2, id="too few cells"),
        pytest.param((HEADER + "A,60\r\nB,60,7\r\n").encode(), "3 cells", 3, id="too many cells"),
        pytest.param((HEADER + '"Fine,60\r\nB,60\r\n').encode(), "quotes", 2, id="an open quote"),
        pytest.param((HEADER + '"Fi"ne,60\r\n').encode(), "quotes", 2, id="a quote inside"),
        pytest.param((HEADER + "x" * 140_000 + ",60\r\n").encode(), "limit", 2, id="a huge cell"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_with_its_line(
    stage: Stage, content: bytes, words: str, line: int
) -> None:
    detail = refused(stage, content, CSV, UNREADABLE, f"/lines/{line}")

    assert words in detail


@pytest.mark.parametrize(
    ("content", "words", "line"),
    [
        pytest.param("name,wensite\r\nA,B\r\n", "'wensite'", 1, id="unknown column"),
        pytest.param("name,Name\r\nA,B\r\n", "name comes twice", 1, id="column twice"),
        pytest.param("name,,website\r\nA,B,C\r\n", "Column 2", 1, id="nameless column"),
        pytest.param(
            HEADER + "x,60\r\n" * (MAX_ROWS + 1), "more than 10,000", MAX_ROWS + 2, id="10,001 rows"
        ),
        pytest.param(
            HEADER + '"' + "x" * (MAX_LINE_BYTES + 1) + '",60\r\n', "longer", 2, id="a huge line"
        ),
    ],
)
def test_a_table_that_does_not_fit_is_refused_with_its_line(
    stage: Stage, content: str, words: str, line: int
) -> None:
    detail = refused(stage, content.encode(), CSV, UNFIT, f"/lines/{line}")

    assert words in detail


@pytest.mark.parametrize(
    ("media_type", "content"),
    [
        pytest.param(CSV, "", id="an empty table"),
        pytest.param(CSV, "\ufeff", id="nothing but a BOM"),
        pytest.param(CSV, HEADER, id="a header alone"),
        pytest.param(CSV, HEADER + "\r\n,\r\n", id="empty rows alone"),
        pytest.param(JSONL, "\n\n", id="empty lines alone"),
    ],
)
def test_a_file_without_rows_is_refused(stage: Stage, media_type: str, content: str) -> None:
    refused(stage, content.encode(), media_type, UNFIT)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        pytest.param('{"name": "A"', "valid JSON", id="cut off"),
        pytest.param('{"name": NaN}', "NaN", id="NaN"),
        pytest.param('{"name": "A", "name": "B"}', "'name' twice", id="a field twice"),
        pytest.param('{"name": "\\ud800"}', "surrogates", id="half a surrogate pair"),
        pytest.param('{"name": "A\\u0000"}', "NUL", id="NUL"),
        pytest.param("[" * 100_000, "nested too deeply", id="nested too deeply"),
        pytest.param('{"acronym": ' + "9" * 5_000 + "}", "valid JSON", id="a huge number"),
    ],
)
def test_json_lines_that_cannot_be_read_are_refused_with_the_line(
    stage: Stage, line: str, words: str
) -> None:
    content = (GOOD + line + "\n").encode()

    assert words in refused(stage, content, JSONL, UNREADABLE, "/lines/2")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        pytest.param('["A"]', "not a JSON object", id="a list"),
        pytest.param('"A"', "not a JSON object", id="a text"),
        pytest.param('{"nmae": "A"}', "'nmae'", id="unknown field"),
    ],
)
def test_json_lines_that_do_not_fit_are_refused_with_the_line(
    stage: Stage, line: str, words: str
) -> None:
    content = (GOOD + line + "\n").encode()

    assert words in refused(stage, content, JSONL, UNFIT, "/lines/2")


@pytest.mark.parametrize("media_type", ["application/json", "application/zip", ""])
def test_another_media_type_is_refused(stage: Stage, media_type: str) -> None:
    detail = refused(stage, b"{}", media_type, (415, "unsupported-media-type"))

    assert "text/csv" in detail


def test_a_file_over_the_limit_is_refused(running: Running, sqlite_server: SqliteServer) -> None:
    with running(
        database_url=sqlite_server.migrated(SERVICE.migrations), max_import_bytes=2_000
    ) as registry:
        headers = {**registry.coordinator().headers, "Content-Type": CSV}
        declared = registry.client.post("/imports", content=b"x" * 2_001, headers=headers)
        streamed = registry.client.post(
            "/imports", content=(b"x" * 1_000 for _ in range(3)), headers=headers
        )
        jobs = registry.client.get("/imports", headers=headers).json()["items"]

    assert [declared.status_code, streamed.status_code] == [413, 413]
    assert "2000 bytes" in declared.json()["detail"]
    assert jobs == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/imports"),
        ("GET", "/imports"),
        ("GET", "/imports/018f4e2a-0000-7000-8000-000000000001"),
        ("GET", "/imports/018f4e2a-0000-7000-8000-000000000001/rows"),
    ],
)
def test_imports_are_for_coordinators(stage: Stage, method: str, path: str) -> None:
    body = {"content": GOOD.encode()} if method == "POST" else {}
    kind = {"Content-Type": JSONL}

    assert_refused(
        stage, lambda: stage.send(method, path, headers=kind, **body), 401, "unauthenticated"
    )
    assert_refused(
        stage,
        lambda: stage.send(method, path, headers={**kind, **stage.focal_point.headers}, **body),
        403,
        "forbidden",
    )


@pytest.mark.parametrize("path", ["", "/rows"])
def test_an_unknown_import_is_not_found(stage: Stage, path: str) -> None:
    address = f"/imports/018f4e2a-0000-7000-8000-000000000001{path}"

    assert_refused(
        stage,
        lambda: stage.send("GET", address, headers=stage.coordinator.headers),
        404,
        "not-found",
    )


@pytest.mark.parametrize(
    "parameters", [{"dry_run": "perhaps"}, {"file_name": "a\nb"}, {"file_name": "x" * 201}]
)
def test_bad_parameters_of_an_import_are_refused(stage: Stage, parameters: dict[str, str]) -> None:
    assert_refused(
        stage,
        lambda: stage.send(
            "POST",
            "/imports",
            params=parameters,
            content=GOOD.encode(),
            headers={**stage.coordinator.headers, "Content-Type": JSONL},
        ),
        422,
        "invalid-input",
        next(iter(parameters)),
    )
