"""Attachments: sent, fetched by who sees the group, removed, and cleared away."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from httpx import Response
from sqlmodel import col, select

from services.workgroups import calendar
from services.workgroups.attachment_store import digest_of
from services.workgroups.routes.attachments import SANDBOX
from services.workgroups.tables import Attachment
from shared.columns import utc_now
from shared.events.catalogue import UpdateChanged, UpdatePosted
from shared.ids import new_id
from tests.workgroups.files import DOCX, PDF, TEXT, ooxml, picture
from tests.workgroups.posting import Desk, desk_of
from tests.workgroups.world import Person, Workgroups


@pytest.fixture
def desk(workgroups: Workgroups) -> Desk:
    return desk_of(workgroups)


def send(
    desk: Desk,
    update: dict[str, Any],
    content: bytes = PDF,
    media_type: str = "application/pdf",
    *,
    name: str = "call.pdf",
    by: Person | None = None,
) -> Response:
    answer: Response = desk.workgroups.client.post(
        f"/updates/{update['id']}/attachments",
        params={"name": name},
        content=content,
        headers={"Content-Type": media_type, **(by or desk.member.focal_point).headers},
    )
    return answer


def fetch(
    desk: Desk, attachment: dict[str, Any], by: Person | None = None, **headers: str
) -> Response:
    return desk.workgroups.send(by, "GET", f"/attachments/{attachment['id']}", **headers)


def remove(desk: Desk, attachment: dict[str, Any], by: Person | None = None) -> int:
    path = f"/attachments/{attachment['id']}"
    return desk.workgroups.send(by or desk.member.focal_point, "DELETE", path).status_code


def objects(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


def keep(desk: Desk, hours: int = 2) -> dict[str, int]:
    return calendar.keep(desk.workgroups.database, utc_now() + timedelta(hours=hours))


def test_a_file_is_attached_listed_and_fetched(desk: Desk, attachments: Path) -> None:
    update = desk.post()

    sent = send(desk, update, name="../Appel à projets.PDF")

    assert sent.status_code == 201, sent.text
    made = sent.json()
    assert (made["name"], made["size"]) == ("Appel à projets.pdf", len(PDF))
    assert sent.headers["location"] == f"/attachments/{made['id']}"
    shown = desk.workgroups.read(None, f"/updates/{update['id']}")
    assert shown["attachments"] == [made]
    assert shown["version"] == 2
    got = fetch(desk, made)
    assert (got.status_code, got.content) == (200, PDF)
    assert got.headers["content-type"] == "application/pdf"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-security-policy"] == SANDBOX
    assert got.headers["content-disposition"] == (
        'attachment; filename="Appel _ projets.pdf"; '
        "filename*=UTF-8''Appel%20%C3%A0%20projets.pdf"
    )
    assert got.headers["etag"] == f'"{digest_of(PDF)}"'
    assert fetch(desk, made, if_none_match=got.headers["etag"]).status_code == 304
    assert objects(attachments) == {digest_of(PDF)}
    told = [data for _, data in desk.workgroups.published() if isinstance(data, UpdateChanged)]
    assert [event.changed for event in told] == [["attachments"]]
    assert told[0].attachments[0].name == "Appel à projets.pdf"


def test_a_text_is_never_shown_as_a_page(desk: Desk) -> None:
    made = send(desk, desk.post(), TEXT, "text/plain; charset=latin-1", name="note.html").json()

    got = fetch(desk, made)

    assert made["name"] == "note.html.txt"
    assert got.headers["content-type"] == "text/plain; charset=utf-8"
    assert got.headers["content-disposition"].startswith("attachment;")


def test_the_same_upload_twice_is_one_attachment_and_one_object(
    desk: Desk, attachments: Path
) -> None:
    update = desk.post()
    first = send(desk, update)
    again = send(desk, update, name="other name.pdf")

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    elsewhere = send(desk, desk.post())
    assert elsewhere.status_code == 201
    assert objects(attachments) == {digest_of(PDF)}


def test_the_same_upload_at_the_same_moment_is_one_attachment(desk: Desk) -> None:
    update = desk.post()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: send(desk, update), range(4)))

    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len({answer.json()["id"] for answer in answers}) == 1


def test_files_of_a_draft_are_its_institutions_until_it_is_published(desk: Desk) -> None:
    draft = desk.post(draft=True)
    made = send(desk, draft).json()

    assert fetch(desk, made).status_code == 404
    assert fetch(desk, made, desk.coordinator).status_code == 404
    assert fetch(desk, made, desk.member.focal_point).status_code == 200
    desk.step({**draft, "version": 2}, "publish")
    assert fetch(desk, made).status_code == 200
    [event] = [data for _, data in desk.workgroups.published() if isinstance(data, UpdatePosted)]
    assert [file.name for file in event.attachments] == ["call.pdf"]


def test_files_are_seen_by_who_sees_the_group(workgroups: Workgroups) -> None:
    desk = desk_of(workgroups, visibility="members")
    made = send(desk, desk.post()).json()

    for somebody in (None, desk.other.focal_point):
        assert fetch(desk, made, somebody).status_code == 404
        assert fetch(desk, made, somebody, if_none_match=f'"{made["digest"]}"').status_code == 404
    assert fetch(desk, made, desk.member.focal_point).status_code == 200


def test_only_its_institution_attaches_and_removes(desk: Desk) -> None:
    update = desk.post()
    made = send(desk, update).json()

    for somebody in (desk.other.focal_point, desk.coordinator):
        assert send(desk, update, by=somebody).status_code == 404
        assert remove(desk, made, somebody) == 404
    assert remove(desk, {"id": new_id()}) == 404
    unsigned = desk.workgroups.client.post(
        f"/updates/{update['id']}/attachments?name=a.pdf",
        content=PDF,
        headers={"Content-Type": "application/pdf"},
    )
    assert unsigned.status_code == 401


def test_a_removed_file_is_gone_and_its_object_soon(desk: Desk, attachments: Path) -> None:
    update = desk.post()
    made = send(desk, update).json()

    assert remove(desk, made) == 204
    assert fetch(desk, made, desk.member.focal_point).status_code == 404
    assert remove(desk, made) == 404
    assert desk.workgroups.read(None, f"/updates/{update['id']}")["attachments"] == []
    history = desk.workgroups.read(None, f"/updates/{update['id']}/history")["items"]
    assert [len(each["said"]["attachments"]) for each in history] == [0, 1, 0]
    assert keep(desk, 0)["attachments_cleared"] == 1
    assert objects(attachments) == set()
    assert keep(desk, 0)["attachments_cleared"] == 0


def test_an_object_stays_while_another_update_has_it(desk: Desk, attachments: Path) -> None:
    made, other = send(desk, desk.post()).json(), send(desk, desk.post()).json()

    remove(desk, made)
    keep(desk)

    assert fetch(desk, other).content == PDF
    remove(desk, other)
    keep(desk)
    assert objects(attachments) == set()


def test_a_file_can_be_attached_again_after_it_was_cleared_away(desk: Desk) -> None:
    update = desk.post()
    remove(desk, send(desk, update).json())
    keep(desk)

    again = send(desk, update)

    assert again.status_code == 201
    assert keep(desk, 9)["attachments_swept"] == 0
    assert fetch(desk, again.json()).content == PDF


def test_the_files_of_a_withdrawn_update_are_for_those_who_may_look_back(desk: Desk) -> None:
    update = desk.post()
    made = send(desk, update).json()
    gone = desk.withdraw({**update, "version": 2}).json()

    assert gone["attachments"] == []
    assert fetch(desk, made).status_code == 404
    assert fetch(desk, made, desk.coordinator).status_code == 200
    assert send(desk, update, TEXT, "text/plain").status_code == 409
    assert remove(desk, made) == 409


def test_a_discarded_draft_takes_its_files_along(desk: Desk, attachments: Path) -> None:
    draft = desk.post(draft=True)
    send(desk, draft)
    path = f"/updates/{draft['id']}"
    own = desk.member.focal_point
    assert desk.workgroups.send(own, "DELETE", path, if_match='"2"').status_code == 204

    assert keep(desk)["attachments_swept"] == 1
    assert objects(attachments) == set()


def test_there_is_an_end_to_how_many_and_how_much(desk: Desk) -> None:
    update = desk.post()
    for number in range(10):
        assert send(desk, update, f"Note {number}".encode(), "text/plain").status_code == 201
    assert send(desk, update, b"Note 10", "text/plain").status_code == 409

    large = b"a" * 2_400_000
    for letter in (b"a", b"b"):
        assert send(desk, desk.post(), large + letter, "text/plain").status_code == 201
    refused = send(desk, desk.post(), large + b"c", "text/plain")
    assert refused.status_code == 409
    assert "4 MiB" in refused.json()["detail"]


BAD = [
    (PDF, "application/zip", "a.zip", 415),
    (PDF, "text/html", "a.html", 415),
    (PDF, "image/svg+xml", "a.svg", 415),
    (PDF, "multipart/form-data; boundary=x", "a.pdf", 415),
    (PDF, "", "a.pdf", 415),
    (PDF, "image/png", "a.png", 422),
    (picture(), "application/pdf", "a.pdf", 422),
    (ooxml(more={"word/vbaProject.bin": b"x"}), DOCX, "a.docx", 422),
    (b"", "application/pdf", "a.pdf", 422),
    (PDF, "application/pdf", "", 422),
    (PDF, "application/pdf", "a\u202eb.pdf", 422),
    (PDF, "application/pdf", "a" * 501, 422),
    (b"a" * 3_000_001, "text/plain", "a.txt", 413),
]


@pytest.mark.parametrize("bad", BAD, ids=range(len(BAD)))
def test_what_can_not_be_attached_is_refused_and_leaves_nothing(
    desk: Desk, attachments: Path, bad: tuple[bytes, str, str, int]
) -> None:
    content, media_type, name, status = bad
    update = desk.post()
    before = desk.workgroups.everything()

    refused = send(desk, update, content, media_type, name=name)

    assert refused.status_code == status, refused.text
    assert refused.headers["content-type"] == "application/problem+json"
    assert desk.workgroups.everything() == before
    assert objects(attachments) == set()


def test_other_paths_keep_their_limit(desk: Desk) -> None:
    long = {"kind": "news", "title": "a", "text": "x" * 60_000}
    path = f"/groups/{desk.group['id']}/updates"

    assert desk.workgroups.send(desk.member.focal_point, "POST", path, long).status_code == 413


def test_an_object_that_is_lost_or_spoiled_is_not_passed_off_as_the_file(
    desk: Desk, attachments: Path
) -> None:
    made = send(desk, desk.post()).json()
    [path] = [path for path in attachments.rglob("*") if path.is_file()]

    path.write_bytes(b"%PDF-1.7 something else")
    spoiled = fetch(desk, made)
    path.unlink()
    lost = fetch(desk, made)

    for answer in (spoiled, lost):
        assert answer.status_code == 503
        assert answer.json()["type"] == "/problems/unavailable"


def test_a_store_that_takes_nothing_leaves_no_row(desk: Desk, attachments: Path) -> None:
    attachments.parent.mkdir(exist_ok=True)
    attachments.write_text("In the way of the folder.")
    update = desk.post()
    before = desk.workgroups.everything()

    assert send(desk, update).status_code == 503
    assert desk.workgroups.everything() == before


KILLED = """
import os, signal, sys
from uuid import UUID
from services.workgroups import attachments, attachment_store
from services.workgroups.settings import Settings
from services.workgroups.tables import Update
from shared.database import Database

class Killed(attachment_store.AttachmentStore):
    def put(self, content):
        super().put(content)
        os.kill(os.getpid(), signal.SIGKILL)

settings = Settings()
with Database(settings.database_url).write() as session:
    update = session.get_one(Update, UUID(sys.argv[1]))
    file = attachments.checked("a.txt", "text/plain", b"Killed in between.")
    attachments.attach(session, Killed(settings), settings, update, file, by=update.posted_by)
"""


def test_what_is_killed_between_object_and_row_is_swept_and_can_be_sent_again(
    desk: Desk, attachments: Path
) -> None:
    update = desk.post()
    url = desk.workgroups.database.url
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, update["id"]],
        env={**os.environ, "WORKGROUPS_DATABASE_URL": url},
        check=False,
        timeout=60,
    )
    assert killed.returncode == -signal.SIGKILL
    content = b"Killed in between."
    assert objects(attachments) == {digest_of(content)}
    with desk.workgroups.database.read() as session:
        assert session.exec(select(Attachment)).all() == []

    assert keep(desk)["attachments_swept"] == 1
    assert objects(attachments) == set()
    assert send(desk, update, content, "text/plain").status_code == 201


def test_strays_are_looked_for_once_an_hour(desk: Desk, attachments: Path) -> None:
    send(desk, desk.post())
    keep(desk, 0)
    stray = attachments / "aa" / ("a" * 64)
    stray.parent.mkdir()
    stray.write_bytes(b"stray")

    assert keep(desk, 0)["attachments_swept"] == 0
    assert keep(desk, 1)["attachments_swept"] == 1


def test_sweeping_and_attaching_the_same_content_at_once_loses_nothing(
    desk: Desk, attachments: Path
) -> None:
    updates = [desk.post() for _ in range(12)]

    def attach_and_remove(update: dict[str, Any]) -> dict[str, Any]:
        remove(desk, send(desk, update).json())
        made: dict[str, Any] = send(desk, update).json()
        return made

    with ThreadPoolExecutor(3) as pool:
        sweeps = [pool.submit(keep, desk, hours) for hours in range(2, 22, 2)]
        made = list(pool.map(attach_and_remove, updates))
        for each in sweeps:
            each.result()

    assert all(fetch(desk, each).content == PDF for each in made)
    keep(desk, 99)
    assert all(fetch(desk, each).content == PDF for each in made)
    with desk.workgroups.database.read() as session:
        removed = col(Attachment.removed_at).is_not(None)
        waiting = session.exec(select(Attachment).where(removed, ~col(Attachment.cleared))).all()
    assert waiting == []
