"""An erased person is forgotten everywhere: in every database, in the stream, and after a rebuild.

The registry, workgroups and the notifier run their own relay, consumers and feed on real servers.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from redis import Redis
from sqlmodel import Session, select

from services.notifier import projections as of_notifier
from services.notifier.tables import Table as NotifierTable
from services.registry import erasure, own_profile
from services.registry.app import create_app
from services.registry.people import appoint_coordinator
from services.registry.settings import Settings
from services.registry.signing_key import SigningKeys, make_signing_key
from services.registry.tables import FocalPoint, Institution, Person, StreamRedaction
from services.registry.tables import Table as RegistryTable
from services.workgroups import projections as of_workgroups
from services.workgroups.tables import Table as WorkgroupsTable
from shared import outbox, redaction
from shared.consumer import Consumer
from shared.database import Database
from shared.events.catalogue import CATALOGUE, REGISTRY, FocalPointConfirmed
from shared.feed_client import FeedClient
from shared.identity import Caller, sign_token
from shared.ids import new_id
from shared.outbox import start_history
from shared.projection import Projection
from shared.rebuild import rebuild, verify
from shared.relay import Relay
from tests.faults.path import served
from tests.redis_server import RedisServer
from tests.waiting import wait_until

NAME = "Oluwaseun Adébáyọ̀"
NEW_NAME = "Seun Adébáyọ̀"


@dataclass
class Southlink:
    """The registry with its relay, and what the two other services keep of its events."""

    registry: Database
    readers: dict[str, tuple[Database, Projection, type[Any]]]
    relay: Relay
    redis: "Redis"
    feed: Callable[[], FeedClient]
    redis_url: str

    def pass_on(self) -> None:
        """Relay and apply all there is."""
        while self.relay.step():
            pass
        with self.registry.read() as session:
            head = session.exec(select(outbox.tables_of(REGISTRY).state.last_position)).one()
        for database, projection, _ in self.readers.values():
            consumer = Consumer(database, projection, self.redis_url, self.feed())
            wait_until(
                partial(_applied, consumer, database, projection, head),
                f"{projection.service} applied all of it",
            )

    def in_stream(self) -> str:
        """Return all that the streams of the registry hold."""
        keys = list(self.redis.scan_iter(match="events:registry:*"))
        return str([self.redis.xrange(key) for key in keys])

    def holders(self, *texts: str) -> set[str]:
        """Return each table, of any service, in which one of the texts is."""
        databases: list[tuple[str, Database, type[Any]]] = [
            ("registry", self.registry, RegistryTable)
        ]
        databases += [(name, found[0], found[2]) for name, found in self.readers.items()]
        return {
            f"{name}.{table.name}"
            for name, database, base in databases
            for table in base.metadata.sorted_tables
            for row in _rows(database, table)
            if any(text in row for text in texts)
        }


def _applied(consumer: Consumer, database: Database, projection: Projection, head: int) -> bool:
    consumer.step()
    with database.read() as session:
        checkpoint = session.get(projection.checkpoint, projection.source)
        return checkpoint is not None and checkpoint.position == head


def _rows(database: Database, table: Any) -> list[str]:
    with database.read() as session:
        return [str(tuple(row)) for row in session.execute(select(table))]


@pytest.fixture
def southlink(
    migrated: Callable[[str], str], redis_url: str, tmp_path: Path
) -> Iterator[Southlink]:
    """The three services, on SQLite and on PostgreSQL."""
    make_signing_key(tmp_path / "key.json")
    url = migrated("services.registry:migrations")
    app = create_app(
        Settings(database_url=url, redis_url=redis_url, signing_key_file=tmp_path / "key.json")
    )
    keys: SigningKeys = app.state.signing_keys
    token = sign_token(keys.signer, Caller(new_id(), "system", frozenset({"feed:read"})), 600)
    registry = Database(url)
    with registry.write() as session:
        start_history(session, REGISTRY)
    with ExitStack() as opened:
        feed_url, _ = opened.enter_context(served(app))
        readers: dict[str, tuple[Database, Projection, type[Any]]] = {
            "workgroups": (
                Database(migrated("services.workgroups:migrations")),
                of_workgroups.REGISTRY_PROJECTION,
                WorkgroupsTable,
            ),
            "notifier": (
                Database(migrated("services.notifier:migrations")),
                of_notifier.REGISTRY_PROJECTION,
                NotifierTable,
            ),
        }
        yield Southlink(
            registry,
            readers,
            Relay(registry, REGISTRY, redis_url),
            Redis.from_url(redis_url, decode_responses=True),
            lambda: FeedClient(feed_url, lambda: token),
            redis_url,
        )


def known_everywhere(southlink: Southlink) -> UUID:
    """Let a person coordinate and speak for an institution, under two names; return the id."""
    with southlink.registry.write() as session:
        appoint_coordinator(session, "chanda@example.org", "Chanda Mwila")
        person, _ = appoint_coordinator(session, "seun@example.org", NAME)
        institution = Institution(
            name="CIRDAP", name_key="cirdap", organisation_type="40", status="rejected"
        )
        session.add(institution)
        session.flush()
        session.add(
            FocalPoint(
                person_id=person.id,
                institution_id=institution.id,
                confirmed_at=institution.registered_at,
            )
        )
        outbox.publish(
            session,
            FocalPointConfirmed(
                person_id=person.id,
                institution_id=institution.id,
                person_name=NAME,
                role="focal_point",
            ),
            subject=f"institutions/{institution.id}",
        )
        own_profile.change(session, person, own_profile.PersonChange(name=NEW_NAME))
        person_id = person.id
    southlink.pass_on()
    return person_id


def erase(session: Session, person_id: UUID) -> None:
    person = session.get_one(Person, person_id)
    erasure.erase(session, person, by=person_id, now=person.created_at)


def test_nothing_of_the_name_remains_anywhere(southlink: Southlink) -> None:
    person_id = known_everywhere(southlink)
    assert southlink.holders(NAME, NEW_NAME) >= {
        "registry.person",
        "registry.outbox",
        "workgroups.coordinator",
        "workgroups.focal_point",
        "notifier.coordinator",
    }
    assert NAME in southlink.in_stream()

    with southlink.registry.write() as session:
        erase(session, person_id)
    southlink.pass_on()

    assert southlink.holders(NAME, NEW_NAME, "seun@example.org") == set()
    wait_until(
        lambda: (
            southlink.relay.step() == 0
            and NAME not in southlink.in_stream()
            and NEW_NAME not in southlink.in_stream()
        ),
        "the relay cleaned the stream",
    )
    assert "Chanda Mwila" in southlink.in_stream(), "nobody else's name is touched"


def test_reading_everything_again_does_not_bring_the_name_back(southlink: Southlink) -> None:
    person_id = known_everywhere(southlink)
    with southlink.registry.write() as session:
        erase(session, person_id)
    southlink.pass_on()

    for database, projection, _ in southlink.readers.values():
        assert verify(database, [(projection, southlink.feed())]) == []
        rebuild(database, [(projection, southlink.feed())])

    assert southlink.holders(NAME, NEW_NAME) == set()
    assert southlink.holders("Chanda Mwila") >= {"workgroups.coordinator", "notifier.coordinator"}


def test_a_reader_that_meets_the_gap_in_the_stream_goes_on(southlink: Southlink) -> None:
    with southlink.registry.write() as session:
        appoint_coordinator(session, "chanda@example.org", "Chanda Mwila")
        person, _ = appoint_coordinator(session, "seun@example.org", NAME)
    while southlink.relay.step():
        pass
    with southlink.registry.write() as session:
        erase(session, person.id)
    wait_until(
        lambda: southlink.relay.step() == 0 and NAME not in southlink.in_stream(),
        "the relay cleaned the stream",
    )

    southlink.pass_on()

    assert southlink.holders("Chanda Mwila") >= {"workgroups.coordinator", "notifier.coordinator"}
    assert southlink.holders(NAME) == set()


def test_the_stream_is_cleaned_once_redis_is_back(
    southlink: Southlink, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    person_id = known_everywhere(southlink)
    redis_server.kill()
    with southlink.registry.write() as session:
        erase(session, person_id)
    for _ in range(3):
        southlink.relay.step()
    redis_server.start()
    monkeypatch.setattr("shared.relay.CLEAN_SECONDS", 0.0)

    def cleaned() -> bool:
        southlink.relay.step()
        return NAME not in southlink.in_stream()

    wait_until(cleaned, "the stream holds no name")
    with southlink.registry.read() as session:
        assert session.exec(select(StreamRedaction)).all(), "it is cleaned again for a minute"
    monkeypatch.setattr(redaction, "REPEAT_FOR", -redaction.REPEAT_FOR)

    def forgotten() -> bool:
        southlink.relay.step()
        with southlink.registry.read() as session:
            return not session.exec(select(StreamRedaction)).all()

    wait_until(forgotten, "the redactions are done")


@pytest.mark.parametrize("name", [name for name, data in CATALOGUE.items() if data.personal])
def test_what_an_event_declares_as_personal_are_its_fields(name: str) -> None:
    data = CATALOGUE[name]
    assert {*data.personal, *data.personal.values()} <= set(data.model_fields)


def test_each_field_that_holds_a_persons_name_is_declared_as_personal() -> None:
    undeclared = [
        f"{name}.{field}"
        for name, data in CATALOGUE.items()
        for field in data.model_fields
        if "person" in field and field.endswith("_name") and field not in data.personal
    ]
    assert undeclared == []
