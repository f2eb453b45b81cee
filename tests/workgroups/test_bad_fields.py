"""A bad field gets one clear problem that names it, and nothing is made."""

from typing import Any

import pytest

from tests.workgroups.stage import (
    UNKNOWN,
    Stage,
    assert_refused,
    creation,
)

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
def test_every_good_body_of_this_table_is_taken(fresh_stage: Stage, what: str) -> None:
    person, path, body = creation(fresh_stage, what)
    response = fresh_stage.workgroups.send(person, "POST", path, body)
    assert response.status_code == 201, response.text
    found = fresh_stage.workgroups.read(person, response.headers["location"])
    assert found == response.json()
