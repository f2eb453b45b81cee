"""The feed of a subscription, for feed readers, at a secret address."""

import re
from typing import Any
from uuid import UUID

import feedparser
import pytest
from fastapi.testclient import TestClient
from joserfc.jwk import OKPKey
from sqlalchemy import insert
from sqlmodel import Session, select

from services.notifier import feeds, leaving, targets
from services.notifier.links import Purpose
from services.notifier.settings import SERVICE
from services.notifier.tables import Notice, NoticeTarget, Subscriber, Subscription
from services.notifier.vocabulary import Frequency, NoticeKind
from shared.columns import utc_now
from shared.database import Database
from shared.events.catalogue import PersonErased
from shared.ids import new_id
from shared.logs import mask
from shared.migration import upgrade
from shared.pagination import PageParams
from tests.notifier import callers
from tests.notifier.partners import has_role, hide, person
from tests.notifier.plans import read_wholly
from tests.notifier.world import THEME, World


class Ana:
    """A person who follows a theme and reads its feed."""

    def __init__(self, world: World, client: TestClient, key: OKPKey) -> None:
        world.open_group()
        self.id: UUID = person(world, "ana@example.org")
        self.headers = callers.person(key, self.id)
        self._client = client
        self.follow()

    def follow(self) -> None:
        """Follow the theme."""
        answer = self._client.post(
            "/me/subscriptions",
            json={"target": {"kind": "theme", "id": THEME}, "frequency": "never"},
            headers=self.headers,
        )
        assert answer.status_code == 201, answer.text
        self.subscription = f"/me/subscriptions/{answer.json()['id']}"

    def address(self) -> str:
        """Make the address of the feed."""
        answer = self._client.post(f"{self.subscription}/feed-address", headers=self.headers)
        assert answer.status_code == 201, answer.text
        url: str = answer.json()["url"]
        return "/feeds/" + url.rpartition("/")[2]

    def titles(self, path: str) -> list[str]:
        """Read the feed without signing in."""
        answer = self._client.get(path)
        assert answer.status_code == 200, answer.text
        parsed: Any = feedparser.parse(answer.content)
        assert not parsed.bozo
        return [entry.title for entry in parsed.entries]


@pytest.fixture
def ana(world: World, client: TestClient, signing_key: OKPKey) -> Ana:
    return Ana(world, client, signing_key)


def test_a_feed_reader_reads_page_by_page_what_a_subscription_is_about(
    world: World, client: TestClient, ana: Ana
) -> None:
    path = ana.address()
    for number in range(3):
        world.tell(world.update(f"News <{number}> & more"))
    told: list[str] = []
    at = f"{path}?limit=2"
    while at:
        answer = client.get(at)
        parsed: Any = feedparser.parse(answer.content)
        told += [entry.title for entry in parsed.entries]
        links = {link.rel: link.href for link in parsed.feed.links}
        at = "/feeds/" + links["next"].rpartition("/")[2] if "next" in links else ""
    assert parsed.feed.title == "the theme Digital transformation"
    assert ["News <2>" in told[0], "News <1>" in told[1], "News <0>" in told[2]] == [True] * 3
    assert answer.headers["cache-control"] == "private, no-cache"


def test_a_feed_that_did_not_change_is_not_sent_again(
    world: World, client: TestClient, ana: Ana
) -> None:
    path = ana.address()
    world.tell(world.update())
    tag = client.get(path).headers["etag"]
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 304
    world.tell(world.update("Another"))
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_what_its_reader_may_not_hear_of_is_not_in_a_feed(world: World, ana: Ana) -> None:
    path = ana.address()
    world.tell(world.update())
    assert len(ana.titles(path)) == 2  # the group was opened
    hide(world, "members")
    assert ana.titles(path) == []
    has_role(world, ana.id)
    assert len(ana.titles(path)) == 2


def test_an_address_holds_until_it_is_made_anew_or_revoked_or_the_subscription_ends(
    client: TestClient, ana: Ana
) -> None:
    first = ana.address()
    second = ana.address()
    assert client.get(first).status_code == 404
    assert client.get(second).status_code == 200
    shown = client.get(ana.subscription, headers=ana.headers)
    assert shown.json()["has_feed"]
    gone = client.delete(f"{ana.subscription}/feed-address", headers=ana.headers)
    assert gone.status_code == 204
    assert client.get(second).status_code == 404
    again = client.delete(f"{ana.subscription}/feed-address", headers=ana.headers)
    assert again.status_code == 404
    third = ana.address()
    ended = client.delete(
        ana.subscription, headers={**ana.headers, "If-Match": shown.headers["etag"]}
    )
    assert ended.status_code == 200
    assert client.get(third).status_code == 404
    refused = client.post(f"{ana.subscription}/feed-address", headers=ana.headers)
    assert refused.status_code == 409


def test_nobody_makes_or_revokes_the_address_of_somebody_else(
    world: World, client: TestClient, ana: Ana, signing_key: OKPKey
) -> None:
    path = ana.address()
    person(world, "ben@example.org")
    ben = callers.person(signing_key, new_id())
    where = f"{ana.subscription}/feed-address"
    assert client.post(where, headers=ben).status_code == 404
    assert client.delete(where, headers=ben).status_code == 404
    assert client.post(where).status_code == 401
    assert client.get(path).status_code == 200


def test_a_secret_is_neither_kept_nor_logged_and_ends_with_its_person(
    world: World, client: TestClient, ana: Ana
) -> None:
    path = ana.address()
    secret = path.removeprefix("/feeds/").removesuffix(".atom")
    with world.database.read() as session:
        kept = session.exec(select(Subscription.feed_digest)).all()
    assert secret not in kept
    assert secret not in mask(f"GET {path}")
    world.tell(PersonErased(person_id=ana.id))
    assert client.get(path).status_code == 404


class Reader:
    """Somebody whom only an address names, with the page of what they get."""

    def __init__(self, world: World, client: TestClient, email: str = "bo@example.org") -> None:
        self.subscription = world.subscribe(email, Frequency.DAILY, targets.theme(THEME))
        self.token = world.links().token(Purpose.PREFERENCES, self.subscription.subscriber_id)
        self._client = client

    def post(self, page: str, **form: str) -> Any:
        """Press a button of the page."""
        form = {"subscription": str(self.subscription.id), **form}
        return self._client.post(
            f"/preferences/{page}?token={self.token}", data=form, follow_redirects=False
        )

    def shown(self) -> str:
        """Open the page."""
        text: str = self._client.get(f"/preferences?token={self.token}").text
        return text

    def address(self) -> str:
        """Make the address of the feed."""
        answer = self.post("feed")
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "no-store"
        (found,) = re.findall(r"/feeds/[^<]+\.atom", answer.text)
        return str(found)

    def end_subscription(self) -> None:
        """Choose never."""
        form = {f"frequency-{self.subscription.id}": "never"}
        form |= {"time_zone": "UTC", "hour": "8", "weekday": "1"}
        self._client.post(f"/preferences?token={self.token}", data=form)


@pytest.fixture
def bo(world: World, client: TestClient) -> Reader:
    world.open_group()
    return Reader(world, client)


def test_who_is_known_only_by_an_address_makes_and_ends_a_feed_on_their_page(
    world: World, client: TestClient, bo: Reader
) -> None:
    assert "End the feed" not in bo.shown()
    path = bo.address()
    world.tell(world.update("News of the week"))
    assert "News of the week" in client.get(path).text
    assert "End the feed" in bo.shown()
    ended = bo.post("feed-end")
    assert ended.status_code == 303
    assert ended.headers["location"] == f"../preferences?token={bo.token}"
    assert client.get(path).status_code == 404
    assert bo.post("feed-end").status_code == 303, "once more changes nothing"


def test_opening_a_page_makes_no_address(client: TestClient, bo: Reader) -> None:
    assert client.get(f"/preferences/feed?token={bo.token}").status_code == 405
    assert "End the feed" not in bo.shown()


def test_a_page_makes_no_address_for_the_subscription_of_somebody_else(
    world: World, client: TestClient, bo: Reader
) -> None:
    other = Reader(world, client, "cy@example.org")
    for page in ("feed", "feed-end"):
        for named in (str(other.subscription.id), "garbage", ""):
            assert bo.post(page, subscription=named).status_code == 404
    forged = client.post("/preferences/feed?token=garbage", data={})
    assert forged.status_code == 422


@pytest.mark.parametrize("way", ["never", "leaving"])
def test_a_feed_that_ended_with_its_subscription_never_comes_back(
    *, world: World, client: TestClient, bo: Reader, way: str
) -> None:
    path = bo.address()
    if way == "never":
        bo.end_subscription()
    else:
        with world.database.write() as session:
            leaving.leave(session, bo.subscription.subscriber_id, utc_now())
    assert client.get(path).status_code == 404
    assert bo.post("feed").status_code == 409
    world.subscribe("bo@example.org", Frequency.DAILY, targets.theme(THEME))
    assert client.get(path).status_code == 404
    assert client.get(bo.address()).status_code == 200


def test_what_a_feed_holds_is_found_by_an_index(world: World, bo: Reader) -> None:
    world.tell(world.update())

    def read(session: Session) -> object:
        subscription = session.get_one(Subscription, bo.subscription.id)
        reader = session.get_one(Subscriber, subscription.subscriber_id)
        return feeds.entries(session, reader, subscription, PageParams(None, 20), utc_now())

    assert read_wholly(world.database, read).isdisjoint({"notice", "notice_target"})


def test_the_migration_finds_what_the_notices_that_were_there_are_about(database_url: str) -> None:
    database = Database(database_url)
    upgrade(database, SERVICE.migrations, "0015")
    notice_id = new_id()
    with database.write() as session:
        session.execute(
            insert(Notice).values(
                id=notice_id,
                event_id=new_id(),
                kind=NoticeKind.UPDATE_POSTED,
                subject="updates/1",
                facts={},
                targets=["everything:", f"theme:{THEME}", f"theme:{THEME}"],
                concerns=[],
                occurred_at=utc_now(),
                recorded_at=utc_now(),
            )
        )
    upgrade(database, SERVICE.migrations)
    with database.read() as session:
        found = session.exec(select(NoticeTarget.target, NoticeTarget.notice_id)).all()
    database.engine.dispose()
    assert {*found} == {("everything:", notice_id), (f"theme:{THEME}", notice_id)}
