"""A group can be read as it stood at any earlier moment."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from shared.columns import utc_now
from shared.events.catalogue import InstitutionReinstated, InstitutionSuspended
from tests.workgroups.action_scene import Scene
from tests.workgroups.meeting_steps import SLOT, scheduled
from tests.workgroups.posting import desk_of
from tests.workgroups.stage import MEETING, Stage, assert_refused
from tests.workgroups.world import Partner, Person, Workgroups, institution_facts

WHY = {"reason": "Because."}
GROUP = ("title", "purpose", "scope", "review_date", "charter", "status", "version")


class Life:
    """A group to which one thing after another happens."""

    def __init__(self, workgroups: Workgroups) -> None:
        self.workgroups = workgroups
        self.leader = workgroups.coordinator()
        self.partners = [workgroups.partner(acronym) for acronym in ("UNV", "FAO")]
        slug = f"g{self.leader.id.hex[-12:]}"
        self.group = workgroups.group(self.leader, slug)
        self.path = f"/groups/{self.group['id']}"
        self.number = 0

    def happen(self, what: str, which: int) -> None:
        """Let something happen; what can't be at the moment is refused and changes nothing."""
        self.number += 1
        partner = self.partners[which % 2]
        getattr(self, what)(partner, which)

    def charter(self, _partner: Partner, which: int) -> None:
        version = self.workgroups.read(self.leader, self.path)["version"]
        changes = {"purpose": f"Purpose {which}.", "title": f"Title {self.number}"}
        if which % 3 == 0:
            changes |= {"scope": f"Scope {which}.", "review_date": f"2099-03-{which + 1:02}"}
        self._send(self.leader, "PATCH", self.path, changes, if_match=f'"{version}"')

    def rest_or_resume(self, _partner: Partner, _which: int) -> None:
        group = self.workgroups.read(self.leader, self.path)
        step, body = ("rest", WHY) if group["status"] == "active" else ("resume", {})
        self._send(
            self.leader, "POST", f"{self.path}/{step}", body, if_match=f'"{group["version"]}"'
        )

    def join(self, partner: Partner, _which: int) -> None:
        body = {"institution_id": str(partner.id)}
        self._send(partner.focal_point, "POST", f"{self.path}/members", body)

    def leave(self, partner: Partner, _which: int) -> None:
        self._send(partner.focal_point, "DELETE", f"{self.path}/members/{partner.id}")

    def suspend(self, partner: Partner, _which: int) -> None:
        facts = institution_facts(institution_id=partner.id, status="suspended", version=4)
        self.workgroups.tell(InstitutionSuspended(institution=facts, reason="Why not."))

    def reinstate(self, partner: Partner, _which: int) -> None:
        facts = institution_facts(institution_id=partner.id, version=5)
        self.workgroups.tell(InstitutionReinstated(institution=facts, reason="All is well."))

    def give_role(self, partner: Partner, which: int) -> None:
        role = ("co_chair", "rapporteur")[which // 2 % 2]
        body = {"person_id": str(partner.focal_point.id), "role": role}
        self._send(self.leader, "POST", f"{self.path}/roles", body)

    def end_role(self, _partner: Partner, which: int) -> None:
        roles = self.workgroups.read(self.leader, f"{self.path}/roles")["items"]
        if roles:
            role = roles[which % len(roles)]
            self._send(self.leader, "POST", f"{self.path}/roles/{role['id']}/end", WHY)

    def post(self, partner: Partner, _which: int) -> None:
        said = {"kind": "news", "title": f"News {self.number}", "text": "Text."}
        body = {**said, "institution_id": str(partner.id)}
        self._send(partner.focal_point, "POST", f"{self.path}/updates", body)

    def edit(self, _partner: Partner, which: int) -> None:
        update = self._any(f"{self.path}/updates", which)
        if update is not None:
            self._send(
                self._of(update),
                "PATCH",
                f"/updates/{update['id']}",
                {"title": f"Edited {self.number}"},
                if_match=f'"{update["version"]}"',
            )

    def pin(self, _partner: Partner, which: int) -> None:
        update = self._any(f"{self.path}/updates", which)
        if update is not None:
            self._send(self.leader, "PUT", f"/updates/{update['id']}/pin")

    def withdraw(self, _partner: Partner, which: int) -> None:
        update = self._any(f"{self.path}/updates", which)
        if update is not None:
            self._send(
                self._of(update),
                "POST",
                f"/updates/{update['id']}/withdraw",
                WHY,
                if_match=f'"{update["version"]}"',
            )

    def meet(self, _partner: Partner, _which: int) -> None:
        body = {**MEETING, "agreed_points": ["Act."], "group_ids": [self.group["id"]]}
        self._send(self.leader, "POST", "/meetings", body)

    def correct_meeting(self, _partner: Partner, which: int) -> None:
        meeting = self._any(f"/meetings?group={self.group['id']}", which)
        if meeting is not None:
            self._send(
                self.leader,
                "PATCH",
                f"/meetings/{meeting['id']}",
                {"place": f"Room {self.number}"},
                if_match=f'"{meeting["version"]}"',
            )

    def assign(self, partner: Partner, _which: int) -> None:
        body = {
            "title": f"Item {self.number}",
            "institution_id": str(partner.id),
            "due_date": "2099-03-31",
        }
        self._send(self.leader, "POST", f"{self.path}/action-items", body)

    def change_item(self, _partner: Partner, which: int) -> None:
        item = self._any(f"{self.path}/action-items", which)
        if item is None:
            return
        owner = next(one for one in self.partners if str(one.id) == item["institution_id"])
        changes: list[dict[str, Any]] = [
            {"due_date": f"2021-03-{self.number % 28 + 1:02}"},
            {"state": "done", "result": "It is there."},
            {"state": "open"},
            {"state": "blocked", **WHY},
            {"person_ids": [str(owner.focal_point.id)]},
        ]
        self._send(
            self.leader,
            "PATCH",
            f"/action-items/{item['id']}",
            changes[which % 5],
            if_match=f'"{item["version"]}"',
        )

    def now(self) -> dict[str, Any]:
        """Return how everything stands now, as the lists tell it."""
        group = self.workgroups.read(self.leader, self.path)
        read = self._listed
        return {
            "group": {name: group[name] for name in GROUP},
            "members": sorted(
                (one["institution_id"], one["state"], one["joined_at"])
                for one in read(f"{self.path}/members")
            ),
            "roles": sorted(
                (one["person"]["id"], one["role"], one["state"])
                for one in read(f"{self.path}/roles")
            ),
            "updates": sorted(
                (one["id"], one["title"], one["version"], one["pinned"])
                for one in read(f"{self.path}/updates")
            ),
            "meetings": sorted(
                (one["id"], one["place"], one["status"], one["version"])
                for one in read(f"/meetings?group={self.group['id']}")
            ),
            "agreed_points": sorted(
                (one["id"], meeting["id"], one["text"])
                for meeting in read(f"/meetings?group={self.group['id']}")
                for one in meeting["agreed_points"]
            ),
            "action_items": [
                (
                    *(one["number"], one["title"], one["state"], one["due_date"], one["reason"]),
                    *(one["institution_id"], one["overdue"], one["result"], one["version"]),
                    sorted(person["id"] for person in one["people"]),
                )
                for one in read(f"{self.path}/action-items")
            ],
        }

    def then(self, moment: datetime | None) -> dict[str, Any]:
        """Return how everything stood, as the record tells it; without a moment now."""
        asked = f"?as_of={quote(moment.isoformat())}" if moment else ""
        found = self.workgroups.read(self.leader, f"{self.path}/record{asked}")
        group = found["group"]
        return {
            "group": {name: group[name] for name in GROUP},
            "members": sorted(
                (one["institution_id"], one["state"], one["joined_at"]) for one in found["members"]
            ),
            "roles": sorted(
                (one["person"]["id"], one["role"], one["state"]) for one in found["roles"]
            ),
            # Only that it was withdrawn since is told of what was published then.
            "updates": sorted(
                (one["id"], one["title"], one["version"], one["pinned"]) for one in found["updates"]
            ),
            "meetings": sorted(
                (one["id"], one["place"], one["status"], one["version"])
                for one in found["meetings"]
            ),
            "agreed_points": sorted(
                (one["id"], one["meeting_id"], one["text"]) for one in found["agreed_points"]
            ),
            "action_items": [
                (
                    *(one["number"], one["title"], one["state"], one["due_date"], one["reason"]),
                    *(one["institution_id"], one["overdue"], one["result"], one["version"]),
                    sorted(one["person_ids"]),
                )
                for one in found["action_items"]
            ],
        }

    def _listed(self, path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.workgroups.read(self.leader, path)["items"]
        return found

    def _any(self, path: str, which: int) -> dict[str, Any] | None:
        found = self._listed(path)
        return found[which % len(found)] if found else None

    def _of(self, update: dict[str, Any]) -> Person:
        [found] = [one for one in self.partners if str(one.id) == update["institution_id"]]
        return found.focal_point

    def _send(
        self, person: Person, method: str, path: str, body: Any = None, **headers: str
    ) -> None:
        answer = self.workgroups.send(person, method, path, body, **headers)
        # 422: a role for members, of whom they are none at the moment.
        refused = {404, 409, 422} if path.endswith("/roles") else {404, 409}
        assert answer.status_code < 300 or answer.status_code in refused, answer.text


HAPPENINGS = st.sampled_from(
    [
        *("charter", "rest_or_resume", "join", "leave", "suspend", "reinstate"),
        *("give_role", "end_role", "post", "edit", "pin", "withdraw"),
        *("meet", "correct_meeting", "assign", "change_item"),
    ]
)


@given(st.lists(st.tuples(HAPPENINGS, st.integers(0, 9)), max_size=14))
@settings(
    max_examples=25,
    deadline=None,
    # Without the shrinking, which takes minutes on a database.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_the_record_of_a_moment_is_what_the_lists_told_then(
    embedded_workgroups: Workgroups, happenings: list[tuple[str, int]]
) -> None:
    life = Life(embedded_workgroups)
    # So that most of what follows is possible.
    life.happen("join", 0)
    life.happen("join", 1)
    told = [(utc_now(), life.now())]
    for what, which in happenings:
        life.happen(what, which)
        told.append((utc_now(), life.now()))

    for moment, stood in told:
        assert life.then(moment) == stood, (moment, happenings)
    assert life.then(None) == told[-1][1]


def test_a_record_holds_everything_as_it_stood(workgroups: Workgroups) -> None:
    life = Life(workgroups)
    told = []
    for what in (
        *("join", "post", "meet", "assign", "change_item", "give_role", "correct_meeting"),
        *("charter", "edit", "pin", "withdraw", "end_role", "rest_or_resume"),
    ):
        life.happen(what, 0)
        told.append((utc_now(), life.now()))

    for moment, stood in told:
        assert life.then(moment) == stood


def test_a_meeting_is_where_and_when_it_was_planned_then(workgroups: Workgroups) -> None:
    coordinator = workgroups.coordinator()
    group = workgroups.group(coordinator)
    meeting = scheduled(workgroups, coordinator, group)
    before = utc_now().isoformat()
    moved = workgroups.send(
        coordinator,
        "POST",
        f"/meetings/{meeting['id']}/reschedule",
        {**SLOT, "begins": "2099-04-16T09:30:00", "ends": "2099-04-16T10:30:00", **WHY},
        if_match=f'"{meeting["version"]}"',
    )
    assert moved.status_code == 200, moved.text
    path = f"/groups/{group['id']}/record"

    [then] = workgroups.read(None, f"{path}?as_of={quote(before)}")["meetings"]
    [now] = workgroups.read(None, path)["meetings"]

    assert (then["status"], then["begins_at"]) == ("scheduled", "2099-03-16T02:30:00Z")
    assert (now["status"], now["begins_at"]) == ("rescheduled", "2099-04-16T02:30:00Z")


def test_before_the_group_was_there_is_no_record(stage: Stage) -> None:
    path = stage.path("/groups/{group}/record?as_of=2001-01-01")

    assert_refused(
        stage, lambda: stage.workgroups.send(stage.coordinator, "GET", path), 404, "not-found"
    )


@pytest.mark.parametrize(
    "as_of",
    [
        "2999-01-01",
        (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT23:59:59Z"),
        "yesterday",
        "2021-02-30",
        "2021-02-03T10:00:00",
        "",
    ],
    ids=["a day to come", "a moment to come", "a word", "no day", "no offset", "nothing"],
)
def test_a_moment_that_is_none_or_to_come_is_refused_in_words(stage: Stage, as_of: str) -> None:
    path = stage.path("/groups/{group}/record?as_of=") + as_of

    assert_refused(
        stage,
        lambda: stage.workgroups.send(stage.coordinator, "GET", path),
        422,
        "invalid-input",
        "as_of",
    )


def test_today_is_a_day_of_which_there_is_a_record(stage: Stage) -> None:
    path = stage.path("/groups/{group}/record?as_of=") + utc_now().date().isoformat()

    assert stage.workgroups.read(stage.coordinator, path)["group"]["version"] == 1


def test_the_record_of_a_hidden_group_is_hidden_as_well(embedded_workgroups: Workgroups) -> None:
    desk = desk_of(embedded_workgroups, visibility="members")
    path = f"/groups/{desk.group['id']}/record"

    assert embedded_workgroups.send(None, "GET", path).status_code == 404
    assert embedded_workgroups.send(desk.other.focal_point, "GET", path).status_code == 404
    assert embedded_workgroups.send(desk.member.focal_point, "GET", path).status_code == 200


def test_what_was_withdrawn_since_is_not_said_again_to_others(
    embedded_workgroups: Workgroups,
) -> None:
    desk = desk_of(embedded_workgroups)
    update = desk.post(title="Too early")
    before = quote(utc_now().isoformat())
    assert desk.withdraw(update).is_success
    path = f"/groups/{desk.group['id']}/record?as_of={before}"

    def titles(person: Person | None) -> list[str | None]:
        found = embedded_workgroups.read(person, path)["updates"]
        return [one["title"] for one in found if one["withdrawn_since"]]

    assert titles(None) == titles(desk.other.focal_point) == [None]
    assert titles(desk.member.focal_point) == titles(desk.coordinator) == ["Too early"]


def test_who_did_what_is_shown_to_the_group_alone(scene: Scene) -> None:
    scene.item(person_ids=[str(scene.unv.focal_point.id)])
    path = f"/groups/{scene.group['id']}/record"

    [item] = scene.workgroups.read(None, path)["action_items"]
    assert item["person_ids"] == []
    assert scene.workgroups.read(None, path)["roles"] == []
    [item] = scene.workgroups.read(scene.fao.focal_point, path)["action_items"]
    assert item["person_ids"] == [str(scene.unv.focal_point.id)]
