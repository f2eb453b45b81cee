"""Bad input gets one clear problem with the right status, and changes nothing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from httpx import Response
from joserfc.jwk import OKPKey

from shared.events.catalogue import InstitutionReturned, InstitutionSubmitted
from shared.identity import Caller, sign_token
from shared.ids import new_id
from tests.workgroups.world import Partner, Person, Workgroups, institution_facts

UNKNOWN = str(new_id())


@dataclass(frozen=True)
class Stage:
    """The service with people, and things to make bad requests about."""

    workgroups: Workgroups
    coordinator: Person
    member: Partner
    outsider: Partner
    nobody: Person
    group: dict[str, Any]
    archived: dict[str, Any]
    meeting: dict[str, Any]
    other_meeting: dict[str, Any]
    item: dict[str, Any]
    unverified: str

    def path(self, template: str) -> str:
        """Return an address about the things on the stage."""
        return template.format(
            group=self.group["id"],
            archived=self.archived["id"],
            item=self.item["id"],
            member=self.member.id,
            outsider=self.outsider.id,
            unknown=UNKNOWN,
        )


@pytest.fixture
def stage(workgroups: Workgroups) -> Iterator[Stage]:
    """A group with a member, an archived one, a meeting of each, and an action item."""
    coordinator = workgroups.coordinator()
    member, outsider = workgroups.partner("UNV"), workgroups.partner("FAO")
    group, archived = workgroups.group(coordinator), workgroups.group(coordinator, "old")
    workgroups.join(member, group)
    workgroups.join(member, archived)
    held = {**MEETING, "agreed_points": ["Listen."]}
    meeting = workgroups.made(coordinator, "/meetings", {**held, "group_ids": [group["id"]]})
    other = workgroups.made(coordinator, "/meetings", {**held, "group_ids": [archived["id"]]})
    ended = workgroups.send(
        coordinator, "PATCH", f"/groups/{archived['id']}", {"status": "archived"}, if_match='"1"'
    )
    assert ended.status_code == 200
    unverified = institution_facts(status="submitted", version=2, acronym="NEW")
    workgroups.tell(InstitutionSubmitted(institution=unverified))
    yield Stage(
        workgroups=workgroups,
        coordinator=coordinator,
        member=member,
        outsider=outsider,
        nobody=workgroups.person(),
        group=group,
        archived=archived,
        meeting=meeting,
        other_meeting=other,
        item=workgroups.assign(coordinator, group, member),
        unverified=str(unverified.institution_id),
    )


def assert_refused(
    stage: Stage, send: Callable[[], Response], status: int, slug: str, pointer: str | None = None
) -> dict[str, Any]:
    """Send a request; it is refused as said, in words, and changes nothing."""
    before = stage.workgroups.everything()

    response = send()

    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["type"] == f"/problems/{slug}"
    assert problem["status"] == status
    assert problem["title"]
    assert len(problem["detail"]) > 15
    assert problem["instance"] == f"urn:southlink:request:{response.headers['x-request-id']}"
    if pointer is not None:
        assert pointer in [error["pointer"] for error in problem.get("errors", [])], problem
    assert stage.workgroups.everything() == before
    return problem


THEME = {"slug": "trade", "title": "Trade"}
GROUP = {"slug": "trade", "title": "Trade", "purpose": "Follow up.", "theme_slug": "digital-theme"}
UPDATE = {"kind": "news", "title": "News", "text": "Text."}
ITEM = {"title": "Do it", "due_date": "2021-03-31"}
MEETING: dict[str, Any] = {
    "title": "Retreat",
    "date": "2020-12-15",
    "time_zone": "Asia/Bangkok",
    "mode": "hybrid",
    "participants_in_person": 19,
    "participants_online": 16,
}

BAD_FIELDS: list[tuple[str, dict[str, Any], str]] = [
    ("theme", {"colour": "red"}, "/colour"),
    ("theme", {"title": 7}, "/title"),
    ("theme", {"title": "x" * 201}, "/title"),
    ("theme", {"title": "  "}, "/title"),
    ("theme", {"title": "Trade\r\nBcc: all"}, "/title"),
    ("theme", {"title": "Tr\x00ade"}, "/title"),
    ("theme", {"title": "Trade \u202eedarT"}, "/title"),
    ("theme", {"slug": "Trade and more"}, "/slug"),
    ("theme", {"slug": "trade-"}, "/slug"),
    ("theme", {"slug": "t" * 61}, "/slug"),
    ("theme", {"slug": "trade\n"}, "/slug"),
    ("group", {"theme_slug": "no-such-theme"}, "/theme_slug"),
    ("group", {"theme_slug": None}, "/theme_slug"),
    ("group", {"purpose": "x" * 20_001}, "/purpose"),
    ("group", {"purpose": ""}, "/purpose"),
    ("group", {"title": "A\u2028B"}, "/title"),
    ("group", {"results": 5}, "/results"),
    ("group", {"time_zone": "Asia/Atlantis"}, "/time_zone"),
    ("group", {"time_zone": "../../etc/passwd"}, "/time_zone"),
    ("group", {"status": "archived"}, "/status"),
    ("member", {"institution_id": "UNV"}, "/institution_id"),
    ("member", {"institution_id": None}, "/institution_id"),
    ("member", {"role": "chair"}, "/role"),
    ("update", {"kind": "gossip"}, "/kind"),
    ("update", {"title": "A\nB"}, "/title"),
    ("update", {"title": "zero\u200bwidth"}, "/title"),
    ("update", {"text": "bell \x07"}, "/text"),
    ("update", {"text": "x" * 20_001}, "/text"),
    ("update", {"text": ["a"]}, "/text"),
    ("meeting", {"date": "2020-02-30"}, "/date"),
    ("meeting", {"date": "1899-12-31"}, "/date"),
    ("meeting", {"date": "2100-12-31"}, "/date"),
    ("meeting", {"date": "2101-01-01"}, "/date"),
    ("meeting", {"date": "yesterday"}, "/date"),
    ("meeting", {"time_zone": "Bangkok"}, "/time_zone"),
    ("meeting", {"mode": "telepathic"}, "/mode"),
    ("meeting", {"mode": "in_person"}, "/participants_online"),
    ("meeting", {"mode": "online"}, "/participants_in_person"),
    (
        "meeting",
        {"participants_in_person": 0, "participants_online": 0},
        "/participants_in_person",
    ),
    ("meeting", {"participants_online": -1}, "/participants_online"),
    ("meeting", {"participants_online": 100_001}, "/participants_online"),
    ("meeting", {"participants_online": "16"}, "/participants_online"),
    ("meeting", {"participants_online": True}, "/participants_online"),
    ("meeting", {"place": "Bangkok\nThailand"}, "/place"),
    ("meeting", {"group_ids": []}, "/group_ids"),
    ("meeting", {"group_ids": [UNKNOWN]}, "/group_ids/0"),
    ("meeting", {"group_ids": [UNKNOWN, UNKNOWN]}, "/group_ids"),
    ("meeting", {"agreed_points": [""]}, "/agreed_points/0"),
    ("meeting", {"agreed_points": ["x" * 2_001]}, "/agreed_points/0"),
    ("meeting", {"agreed_points": ["x"] * 101}, "/agreed_points"),
    ("item", {"due_date": "2101-01-01"}, "/due_date"),
    ("item", {"due_date": "1989-12-31"}, "/due_date"),
    ("item", {"due_date": "31.3.2021"}, "/due_date"),
    ("item", {"due_date": None}, "/due_date"),
    ("item", {"title": "Do\tit"}, "/title"),
    ("item", {"state": "done"}, "/state"),
    ("item", {"number": 7}, "/number"),
    ("item", {"meeting_id": UNKNOWN}, "/meeting_id"),
    ("item", {"agreed_point_id": UNKNOWN}, "/agreed_point_id"),
]


def creation(stage: Stage, what: str) -> tuple[Person, str, dict[str, Any]]:
    """Return who makes such a thing, where, and a good body."""
    member = {"institution_id": str(stage.member.id)}
    of_group = f"/groups/{stage.group['id']}"
    creations: dict[str, tuple[Person, str, dict[str, Any]]] = {
        "theme": (stage.coordinator, "/themes", THEME),
        "group": (stage.coordinator, "/groups", GROUP),
        "member": (
            stage.outsider.focal_point,
            f"{of_group}/members",
            {"institution_id": str(stage.outsider.id)},
        ),
        "update": (stage.member.focal_point, f"{of_group}/updates", UPDATE | member),
        "meeting": (stage.coordinator, "/meetings", {**MEETING, "group_ids": [stage.group["id"]]}),
        "item": (stage.coordinator, f"{of_group}/action-items", ITEM | member),
    }
    return creations[what]


@pytest.mark.parametrize(("what", "bad", "pointer"), BAD_FIELDS)
def test_a_bad_field_is_named_and_nothing_is_made(
    stage: Stage, what: str, bad: dict[str, Any], pointer: str
) -> None:
    person, path, body = creation(stage, what)
    assert_refused(
        stage,
        lambda: stage.workgroups.send(person, "POST", path, {**body, **bad}),
        422,
        "invalid-input",
        pointer,
    )


@pytest.mark.parametrize("what", ["theme", "group", "member", "update", "meeting", "item"])
def test_every_good_body_of_this_table_is_taken(stage: Stage, what: str) -> None:
    person, path, body = creation(stage, what)
    assert (
        stage.workgroups.made(person, path, body)["created_at" if what == "theme" else "id"]
        if (what != "member")
        else stage.workgroups.made(person, path, body)["joined_at"]
    )


@pytest.mark.parametrize("what", ["theme", "group", "member", "update", "meeting", "item"])
def test_nothing_is_made_without_a_token(stage: Stage, what: str) -> None:
    _, path, body = creation(stage, what)
    assert_refused(
        stage,
        lambda: stage.workgroups.send(None, "POST", path, body),
        401,
        "unauthenticated",
    )


@pytest.mark.parametrize(
    "path",
    [
        "/groups/{group}/members",
        "/groups/{group}/members/{member}",
        "/groups/{group}/updates",
        "/meetings",
        "/groups/{group}/action-items",
        "/action-items/{item}",
        "/institutions/{member}",
        "/me",
        "/feed",
    ],
)
def test_what_is_not_open_to_everybody_is_not_read_without_a_token(stage: Stage, path: str) -> None:
    assert_refused(
        stage,
        lambda: stage.workgroups.send(None, "GET", stage.path(path)),
        401,
        "unauthenticated",
    )


@pytest.mark.parametrize("what", ["theme", "group", "meeting", "item"])
@pytest.mark.parametrize("who", ["focal point", "nobody", "coordinator's key that only reads"])
def test_only_a_coordinator_makes_themes_groups_meetings_and_action_items(
    stage: Stage, what: str, who: str
) -> None:
    reading = Caller(stage.coordinator.id, "person", frozenset({"feed:read"}))
    callers = {
        "focal point": stage.member.focal_point,
        "nobody": stage.nobody,
        "coordinator's key that only reads": Person(
            reading.id, stage.workgroups.headers_of(reading)
        ),
    }
    _, path, body = creation(stage, what)
    assert_refused(
        stage,
        lambda: stage.workgroups.send(callers[who], "POST", path, body),
        403,
        "forbidden",
    )


def test_a_system_with_the_id_of_a_coordinator_is_not_one(stage: Stage) -> None:
    system = Caller(stage.coordinator.id, "system", frozenset({"act"}))
    headers = stage.workgroups.headers_of(system)
    assert_refused(
        stage,
        lambda: stage.workgroups.client.post("/themes", json=THEME, headers=headers),
        403,
        "forbidden",
    )


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("/groups/{group}/members", {}, "/institution_id"),
        ("/groups/{group}/updates", UPDATE, "/institution_id"),
    ],
)
@pytest.mark.parametrize("institution", ["foreign", "unknown"])
def test_a_foreign_institution_is_answered_like_an_unknown_one(
    stage: Stage, path: str, body: dict[str, Any], pointer: str, institution: str
) -> None:
    named = str(stage.outsider.id) if institution == "foreign" else UNKNOWN
    assert_refused(
        stage,
        lambda: stage.workgroups.send(
            stage.member.focal_point, "POST", stage.path(path), {**body, "institution_id": named}
        ),
        404,
        "not-found",
        pointer,
    )


def test_a_coordinator_does_not_speak_for_an_institution(stage: Stage) -> None:
    body = {**UPDATE, "institution_id": str(stage.member.id)}
    path = f"/groups/{stage.group['id']}/updates"
    assert_refused(
        stage,
        lambda: stage.workgroups.send(stage.coordinator, "POST", path, body),
        404,
        "not-found",
        "/institution_id",
    )


@pytest.mark.parametrize("who", ["another institution's focal point", "nobody"])
def test_a_foreign_action_item_is_answered_like_an_unknown_one(stage: Stage, who: str) -> None:
    person = stage.nobody if who == "nobody" else stage.outsider.focal_point
    details = {
        assert_refused(
            stage,
            lambda path=path: stage.workgroups.send(  # type: ignore[misc]
                person, "PATCH", path, {"state": "done"}, if_match='"1"'
            ),
            404,
            "not-found",
        )["detail"]
        for path in (f"/action-items/{stage.item['id']}", f"/action-items/{UNKNOWN}")
    }
    assert len(details) == 1


def test_nobody_takes_a_foreign_institution_out_of_a_group(stage: Stage) -> None:
    path = f"/groups/{stage.group['id']}/members/{stage.member.id}"
    for person in (stage.outsider.focal_point, stage.nobody):
        assert_refused(
            stage,
            lambda person=person: stage.workgroups.send(person, "DELETE", path),  # type: ignore[misc]
            404,
            "not-found",
        )


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/themes/no-such-theme", None),
        ("GET", "/groups/{unknown}", None),
        ("PATCH", "/groups/{unknown}", {"title": "T"}),
        ("GET", "/groups/{unknown}/members", None),
        ("GET", "/groups/{group}/members/{outsider}", None),
        ("DELETE", "/groups/{group}/members/{outsider}", None),
        ("DELETE", "/groups/{unknown}/members/{member}", None),
        ("GET", "/groups/{unknown}/updates", None),
        ("GET", "/updates/{unknown}", None),
        ("GET", "/meetings/{unknown}", None),
        ("GET", "/groups/{unknown}/action-items", None),
        ("GET", "/action-items/{unknown}", None),
        ("PATCH", "/action-items/{unknown}", {"state": "done"}),
        ("GET", "/institutions/{unknown}", None),
        ("GET", "/groups/not-an-id", None),
        ("GET", "/nowhere", None),
    ],
)
def test_what_is_unknown_is_not_found(
    stage: Stage, method: str, path: str, body: dict[str, Any] | None
) -> None:
    assert_refused(
        stage,
        lambda: stage.workgroups.send(
            stage.coordinator, method, stage.path(path), body, if_match='"1"'
        ),
        404,
        "not-found",
    )


@pytest.mark.parametrize("what", ["member", "update", "item"])
def test_nothing_is_added_to_an_unknown_group(stage: Stage, what: str) -> None:
    person, path, body = creation(stage, what)
    assert_refused(
        stage,
        lambda: stage.workgroups.send(
            person, "POST", path.replace(stage.group["id"], UNKNOWN), body
        ),
        404,
        "not-found",
    )


@pytest.mark.parametrize("what", ["member", "update", "item", "meeting"])
def test_an_archived_group_takes_nothing_new(stage: Stage, what: str) -> None:
    person, path, body = creation(stage, what)
    if what == "meeting":
        body = {**body, "group_ids": [stage.group["id"], stage.archived["id"]]}
    assert_refused(
        stage,
        lambda: stage.workgroups.send(
            person, "POST", path.replace(stage.group["id"], stage.archived["id"]), body
        ),
        409,
        "not-allowed-now",
    )


def test_only_members_post_updates_and_answer_for_action_items(stage: Stage) -> None:
    outsider = {"institution_id": str(stage.outsider.id)}
    of_group = f"/groups/{stage.group['id']}"
    for person, path, body in (
        (stage.outsider.focal_point, f"{of_group}/updates", UPDATE | outsider),
        (stage.coordinator, f"{of_group}/action-items", ITEM | outsider),
    ):
        problem = assert_refused(
            stage,
            lambda person=person, path=path, body=body: stage.workgroups.send(  # type: ignore[misc]
                person, "POST", path, body
            ),
            409,
            "not-allowed-now",
        )
        assert "FAO is not a member" in problem["detail"]


def test_an_institution_that_is_not_verified_does_not_join(stage: Stage) -> None:
    body = {"institution_id": stage.unverified}
    path = f"/groups/{stage.group['id']}/members"
    problem = assert_refused(
        stage,
        lambda: stage.workgroups.send(stage.coordinator, "POST", path, body),
        409,
        "not-allowed-now",
    )
    assert "NEW is not verified" in problem["detail"]


def test_a_registration_that_is_not_verified_is_shown_to_nobody_else(stage: Stage) -> None:
    path = f"/institutions/{stage.unverified}"
    assert_refused(
        stage, lambda: stage.workgroups.send(stage.nobody, "GET", path), 404, "not-found"
    )
    assert stage.workgroups.read(stage.coordinator, path)["status"] == "submitted"


def test_joining_twice_is_refused_in_words(stage: Stage) -> None:
    body = {"institution_id": str(stage.member.id)}
    path = f"/groups/{stage.group['id']}/members"
    problem = assert_refused(
        stage,
        lambda: stage.workgroups.send(stage.member.focal_point, "POST", path, body),
        409,
        "conflict",
    )
    assert problem["detail"].startswith("UNV is a member of “Group digital” already")


def test_who_still_owes_something_does_not_leave(stage: Stage) -> None:
    path = f"/groups/{stage.group['id']}/members/{stage.member.id}"
    problem = assert_refused(
        stage,
        lambda: stage.workgroups.send(stage.member.focal_point, "DELETE", path),
        409,
        "not-allowed-now",
    )
    assert "(number 1)" in problem["detail"]


@pytest.mark.parametrize("what", ["theme", "group"])
def test_a_slug_is_used_once(stage: Stage, what: str) -> None:
    person, path, body = creation(stage, what)
    taken = {"theme": "digital-theme", "group": "digital"}[what]
    assert_refused(
        stage,
        lambda: stage.workgroups.send(person, "POST", path, {**body, "slug": taken}),
        409,
        "conflict",
    )


def test_an_action_item_comes_from_a_meeting_of_its_own_group(stage: Stage) -> None:
    person, path, body = creation(stage, "item")
    foreign = {"meeting_id": stage.other_meeting["id"]}
    point_of_other = {"agreed_point_id": stage.other_meeting["agreed_points"][0]["id"]}
    for bad, pointer in (
        (foreign, "/meeting_id"),
        (point_of_other, "/agreed_point_id"),
        ({"meeting_id": stage.meeting["id"]} | point_of_other, "/agreed_point_id"),
    ):
        assert_refused(
            stage,
            lambda bad=bad: stage.workgroups.send(person, "POST", path, {**body, **bad}),  # type: ignore[misc]
            422,
            "invalid-input",
            pointer,
        )


def test_a_convenor_is_a_known_institution(stage: Stage) -> None:
    person, path, body = creation(stage, "meeting")
    assert_refused(
        stage,
        lambda: stage.workgroups.send(person, "POST", path, {**body, "convenor_id": UNKNOWN}),
        404,
        "not-found",
        "/convenor_id",
    )


EDITS = ["/groups/{group}", "/action-items/{item}"]


@pytest.mark.parametrize("path", EDITS)
@pytest.mark.parametrize(
    ("if_match", "status", "slug"),
    [
        ('"2"', 412, "version-conflict"),
        ('"0"', 412, "version-conflict"),
        (None, 428, "version-required"),
        ("1", 422, "invalid-input"),
        ("*", 422, "invalid-input"),
        ('W/"1"', 422, "invalid-input"),
    ],
)
def test_an_edit_of_another_version_is_refused(
    stage: Stage, path: str, if_match: str | None, status: int, slug: str
) -> None:
    headers = {"if_match": if_match} if if_match else {}
    assert_refused(
        stage,
        lambda: stage.workgroups.send(
            stage.coordinator, "PATCH", stage.path(path), {"title": "New"}, **headers
        ),
        status,
        slug,
    )


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("/groups/{group}", {}, ""),
        ("/groups/{group}", {"slug": "other"}, "/slug"),
        ("/groups/{group}", {"status": "asleep"}, "/status"),
        ("/groups/{group}", {"title": None}, ""),
        ("/groups/{group}", {"title": "A\nB"}, "/title"),
        ("/groups/{group}", {"time_zone": "Nowhere"}, "/time_zone"),
        ("/action-items/{item}", {}, ""),
        ("/action-items/{item}", {"state": "forgotten"}, "/state"),
        ("/action-items/{item}", {"state": "done", "title": None}, ""),
        ("/action-items/{item}", {"due_date": "2101-01-01"}, "/due_date"),
        ("/action-items/{item}", {"institution_id": UNKNOWN}, "/institution_id"),
        ("/action-items/{item}", {"overdue": False}, "/overdue"),
    ],
)
def test_a_bad_edit_is_named(stage: Stage, path: str, body: dict[str, Any], pointer: str) -> None:
    assert_refused(
        stage,
        lambda: stage.workgroups.send(
            stage.coordinator, "PATCH", stage.path(path), body, if_match='"1"'
        ),
        422,
        "invalid-input",
        pointer,
    )


@pytest.mark.parametrize(
    ("body", "status", "slug"),
    [
        ({"due_date": "2022-01-01"}, 403, "forbidden"),
        ({"title": "Something easier"}, 403, "forbidden"),
        ({"state": "done", "due_date": "2022-01-01"}, 403, "forbidden"),
        ({"state": "cancelled"}, 403, "forbidden"),
    ],
)
def test_the_accountable_institution_changes_the_state_alone(
    stage: Stage, body: dict[str, Any], status: int, slug: str
) -> None:
    assert_refused(
        stage,
        lambda: stage.workgroups.send(
            stage.member.focal_point,
            "PATCH",
            f"/action-items/{stage.item['id']}",
            body,
            if_match='"1"',
        ),
        status,
        slug,
    )


def test_a_state_that_can_not_follow_is_refused(stage: Stage) -> None:
    path = f"/action-items/{stage.item['id']}"
    done = stage.workgroups.send(
        stage.coordinator, "PATCH", path, {"state": "done"}, if_match='"1"'
    )
    assert done.status_code == 200
    problem = assert_refused(
        stage,
        lambda: stage.workgroups.send(
            stage.coordinator, "PATCH", path, {"state": "blocked"}, if_match='"2"'
        ),
        409,
        "not-allowed-now",
    )
    assert "It can become: in_progress" in problem["detail"]


def test_only_a_coordinator_edits_a_group(stage: Stage) -> None:
    for person in (stage.member.focal_point, stage.nobody):
        assert_refused(
            stage,
            lambda person=person: stage.workgroups.send(  # type: ignore[misc]
                person, "PATCH", f"/groups/{stage.group['id']}", {"title": "Mine"}, if_match='"1"'
            ),
            403,
            "forbidden",
        )


@pytest.mark.parametrize(
    "query",
    [
        "/themes?limit=0",
        "/themes?limit=201",
        "/themes?cursor=nonsense",
        "/groups?cursor=%00",
        "/groups?limit=many",
        "/meetings?group=digital",
        "/groups/{group}/updates?kind=gossip",
        "/groups/{group}/action-items?state=forgotten",
        "/groups/{group}/action-items?overdue=perhaps",
        "/groups/{group}/action-items?cursor=LTE",
    ],
)
def test_a_bad_question_is_refused(stage: Stage, query: str) -> None:
    assert_refused(
        stage,
        lambda: stage.workgroups.send(stage.coordinator, "GET", stage.path(query)),
        422,
        "invalid-input",
    )


def test_a_token_that_is_expired_forged_or_broken_is_refused(stage: Stage) -> None:
    caller = Caller(stage.coordinator.id, "person", frozenset({"act"}))
    stranger = OKPKey.generate_key("Ed25519", parameters={"kid": "test"}, auto_kid=False)
    good = sign_token(stage.workgroups.key, caller, 600)
    for token in (
        sign_token(stage.workgroups.key, caller, -60),
        sign_token(stranger, caller, 600),
        good[:-4] + "AAAA",
        good.rsplit(".", 1)[0] + ".",
        str(uuid4()),
    ):
        headers = {"Authorization": f"Bearer {token}"}
        assert_refused(
            stage,
            lambda headers=headers: stage.workgroups.client.post(  # type: ignore[misc]
                "/themes", json=THEME, headers=headers
            ),
            401,
            "unauthenticated",
        )


def test_a_person_s_token_does_not_read_the_feed(stage: Stage) -> None:
    assert_refused(
        stage, lambda: stage.workgroups.send(stage.coordinator, "GET", "/feed"), 403, "forbidden"
    )


def test_a_body_over_the_limit_is_refused(stage: Stage) -> None:
    assert_refused(
        stage,
        lambda: stage.workgroups.send(
            stage.coordinator, "POST", "/themes", {**THEME, "title": "x" * 60_000}
        ),
        413,
        "too-large",
    )


@pytest.mark.parametrize(
    ("content", "media_type", "status", "slug"),
    [
        (b"{", "application/json", 400, "malformed-request"),
        (b"\xff\xfe", "application/json", 400, "malformed-request"),
        (b"[]", "application/json", 422, "invalid-input"),
        (b"null", "application/json", 422, "invalid-input"),
        (b"", "application/json", 422, "invalid-input"),
        (b"slug=trade", "application/x-www-form-urlencoded", 415, "unsupported-media-type"),
    ],
)
def test_what_is_not_json_is_refused(
    stage: Stage, content: bytes, media_type: str, status: int, slug: str
) -> None:
    headers = stage.coordinator.headers | {"Content-Type": media_type}
    assert_refused(
        stage,
        lambda: stage.workgroups.client.post("/themes", content=content, headers=headers),
        status,
        slug,
    )


def test_a_key_used_for_something_else_is_refused(stage: Stage) -> None:
    first = stage.workgroups.send(
        stage.coordinator, "POST", "/themes", THEME, idempotency_key="key"
    )
    assert first.status_code == 201
    assert_refused(
        stage,
        lambda: stage.workgroups.send(
            stage.coordinator, "POST", "/themes", {**THEME, "slug": "b"}, idempotency_key="key"
        ),
        422,
        "idempotency-mismatch",
    )


def test_a_removed_coordinator_and_focal_point_are_denied_at_the_next_call(stage: Stage) -> None:
    from shared.events.catalogue import CoordinatorRemoved, FocalPointRemoved

    stage.workgroups.tell(
        CoordinatorRemoved(person_id=stage.coordinator.id),
        FocalPointRemoved(person_id=stage.member.focal_point.id, institution_id=stage.member.id),
    )
    assert_refused(
        stage,
        lambda: stage.workgroups.send(stage.coordinator, "POST", "/themes", THEME),
        403,
        "forbidden",
    )
    for method, path, body in (
        ("PATCH", f"/action-items/{stage.item['id']}", {"state": "done"}),
        ("DELETE", f"/groups/{stage.group['id']}/members/{stage.member.id}", None),
    ):
        assert_refused(
            stage,
            lambda method=method, path=path, body=body: stage.workgroups.send(  # type: ignore[misc]
                stage.member.focal_point, method, path, body, if_match='"1"'
            ),
            404,
            "not-found",
        )


def test_an_institution_returned_for_correction_posts_nothing(stage: Stage) -> None:
    returned = institution_facts(
        institution_id=stage.member.id, acronym="UNV", status="returned", version=9
    )
    stage.workgroups.tell(InstitutionReturned(institution=returned, reason="Which country?"))
    person, path, body = creation(stage, "update")
    assert_refused(
        stage,
        lambda: stage.workgroups.send(person, "POST", path, body),
        409,
        "not-allowed-now",
    )
