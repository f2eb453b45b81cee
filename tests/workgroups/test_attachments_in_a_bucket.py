"""Attachments in a bucket: the same store, on a real server that speaks S3."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from joserfc.jwk import OKPKey

from services.workgroups import calendar
from services.workgroups.attachment_store import AttachmentStore, digest_of
from services.workgroups.settings import SERVICE, Settings, settings
from shared.columns import utc_now
from shared.problems import Problem
from tests.databases import SqliteServer
from tests.s3_server import KEY_ID, SECRET, S3Server
from tests.s3_server import running as running_store
from tests.waiting import wait_until
from tests.workgroups.conftest import running
from tests.workgroups.files import PDF
from tests.workgroups.posting import Desk, desk_of
from tests.workgroups.test_attachments import fetch, remove, send

pytestmark = pytest.mark.xdist_group("s3")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A store that takes objects."""
    with running_store(tmp_path_factory.mktemp("s3") / "data") as server:
        store = AttachmentStore(chosen(server, "ready"))
        wait_until(lambda: takes_objects(store), "the store takes an object", seconds=60)
        yield server


def chosen(server: S3Server, prefix: str, secret: str = SECRET) -> Settings:
    """Return settings that keep attachments in a bucket."""
    return Settings.model_validate(
        {
            "attachments": f"s3://files/{prefix}",
            "attachments_endpoint": server.endpoint,
            "attachments_access_key_id": KEY_ID,
            "attachments_secret_access_key": secret,
        }
    )


def takes_objects(store: AttachmentStore) -> bool:
    try:
        store.put(b"ready")
    except Problem:
        return False
    return True


@pytest.fixture
def bucket(server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Settings of the process that keep attachments in a bucket, under a prefix of the test's."""
    for name, value in chosen(server, tmp_path.name).model_dump(exclude_unset=True).items():
        plain = value.get_secret_value() if hasattr(value, "get_secret_value") else value
        monkeypatch.setenv(f"WORKGROUPS_{name.upper()}", plain)
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def desk(
    bucket: None, sqlite_server: SqliteServer, redis_url: str, signing_key: OKPKey
) -> Iterator[Desk]:
    """A desk whose attachments are in a bucket."""
    with running(sqlite_server.migrated(SERVICE.migrations), redis_url, signing_key) as service:
        yield desk_of(service)


def objects() -> set[str]:
    return set(AttachmentStore(settings()).digests())


def test_a_file_is_kept_in_the_bucket_and_cleared_from_it(desk: Desk) -> None:
    update = desk.post()
    made = send(desk, update)
    assert made.status_code == 201, made.text
    assert send(desk, update).status_code == 200
    assert objects() == {digest_of(PDF)}
    got = fetch(desk, made.json())
    assert (got.status_code, got.content) == (200, PDF)

    assert remove(desk, made.json()) == 204
    taken = calendar.keep(desk.workgroups.database, utc_now())

    assert taken["attachments_cleared"] == 1
    assert objects() == set()


def test_a_stray_object_of_the_bucket_is_swept_and_others_stay(desk: Desk) -> None:
    made = send(desk, desk.post()).json()
    stray = AttachmentStore(settings()).put(b"stray")
    assert objects() == {made["digest"], stray}

    taken = calendar.keep(desk.workgroups.database, utc_now() + timedelta(hours=2))

    assert taken["attachments_swept"] == 1
    assert objects() == {made["digest"]}


def test_what_is_not_there_is_no_file_and_no_error_to_remove(server: S3Server) -> None:
    store = AttachmentStore(chosen(server, "empty"))

    with pytest.raises(Problem) as refused:
        store.get("a" * 64)
    assert refused.value.kind.status == 503
    store.remove("a" * 64)
    assert list(store.digests()) == []


def test_a_store_that_knows_the_key_not_takes_nothing_and_leaves_no_row(
    server: S3Server, desk: Desk
) -> None:
    desk.workgroups.app.state.attachments = AttachmentStore(chosen(server, "x", "another secret"))
    update = desk.post()
    before = desk.workgroups.everything()

    refused = send(desk, update)

    assert refused.status_code == 503
    assert "secret" not in refused.text
    assert desk.workgroups.everything() == before


def test_a_store_that_dies_is_told_so_and_nothing_is_half_done(desk: Desk, tmp_path: Path) -> None:
    with running_store(tmp_path / "dying") as dying:
        store = AttachmentStore(chosen(dying, "x"))
        wait_until(lambda: takes_objects(store), "the store takes an object", seconds=60)
    desk.workgroups.app.state.attachments = store
    update = desk.post()
    before = desk.workgroups.everything()

    assert send(desk, update).status_code == 503

    assert desk.workgroups.everything() == before
