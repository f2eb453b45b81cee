"""What an operator of workgroups does on the command line."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from services.workgroups.__main__ import app
from services.workgroups.settings import settings
from shared.columns import utc_now
from shared.ids import new_id
from tests.workgroups.posting import Desk, desk_of
from tests.workgroups.stage import MEETING, UNKNOWN
from tests.workgroups.world import Workgroups

Run = Callable[..., Result]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def desk(embedded_workgroups: Workgroups, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A hidden group with a member that owes something, which the commands work on."""
    monkeypatch.setenv("WORKGROUPS_DATABASE_URL", embedded_workgroups.database.url)
    settings.cache_clear()
    desk = desk_of(embedded_workgroups, visibility="members")
    embedded_workgroups.assign(desk.coordinator, desk.group, desk.member, title="Do [bold] it")
    return desk


@pytest.fixture
def run(desk: Desk) -> Run:
    """Run a command."""
    assert desk.group

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(app, arguments)

    return invoke


def printed(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_themes_and_groups_are_listed(run: Run) -> None:
    assert [(one["slug"], one["groups"]) for one in printed(run("themes", "--json"))] == [
        ("digital-theme", 1)
    ]
    [group] = printed(run("groups", "list", "--json"))
    assert (group["slug"], group["members"], group["visibility"]) == ("digital", 1, "members")
    assert printed(run("groups", "list", "--status", "dormant", "--json")) == []
    assert printed(run("groups", "list", "--theme", "other", "--json")) == []
    assert "Group digital" in run("groups", "list").stdout
    assert "digital-theme" in run("themes").stdout


def test_a_group_is_shown_by_its_slug_or_its_id_as_it_is_or_was(run: Run, desk: Desk) -> None:
    found = printed(run("groups", "show", "digital", "--json"))
    assert (found["status"], len(found["members"])) == ("active", 1)
    assert [item["title"] for item in found["action_items"]] == ["Do [bold] it"]
    assert printed(run("groups", "show", desk.group["id"], "--json")) == found

    before = utc_now().isoformat()
    desk.workgroups.assign(desk.coordinator, desk.group, desk.member)
    then = printed(run("groups", "show", "digital", "--as-of", before, "--json"))
    now = printed(run("groups", "show", "digital", "--json"))
    assert (len(then["action_items"]), len(now["action_items"])) == (1, 2)
    table = run("groups", "show", "digital").stdout
    assert "Do [bold] it" in table
    assert "United Nations Volunteers" in table


def test_what_is_overdue_is_shown_the_longest_first(run: Run, desk: Desk) -> None:
    desk.workgroups.assign(desk.coordinator, desk.group, desk.member, due_date="2020-01-01")
    desk.workgroups.assign(desk.coordinator, desk.group, desk.member, due_date="2099-01-01")

    found = printed(run("overdue", "--json"))

    assert [(one["number"], one["due_date"]) for one in found] == [
        (2, "2020-01-01"),
        (1, "2021-03-31"),
    ]
    assert [one["number"] for one in printed(run("overdue", "--limit", "1", "--json"))] == [2]
    assert "the first 1 of more" in run("overdue", "--limit", "1").stdout
    assert printed(run("overdue", "--group", "other", "--json")) == []
    assert "Do [bold] it" in run("overdue").stdout


def test_an_export_of_everything_can_be_piped_or_written_to_a_file(
    run: Run, tmp_path: Path
) -> None:
    [row] = csv.DictReader(io.StringIO(run("export", "groups").stdout_bytes.decode("utf-8-sig")))
    assert row["slug"] == "digital"
    path = tmp_path / "items.xlsx"
    assert run("export", "action-items", "--format", "xlsx").exit_code == 2
    arguments = ("export", "action-items", "--format", "xlsx", "--output", str(path))
    assert run(*arguments).exit_code == 0
    assert path.read_bytes().startswith(b"PK")
    assert list(tmp_path.iterdir()) == [path]
    assert run("export", "action-items", "--state", "done", "--format", "jsonl").stdout == ""


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("groups", "list", "--status", "famous"), 2, "The states are"),
        (("groups", "show", "nobody"), 2, "no group"),
        (("groups", "show", "digital", "--as-of", "yesterday"), 2, "Give a day"),
        (("groups", "show", "digital", "--as-of", "2999-01-01"), 2, "has come"),
        (("groups", "show", "digital", "--as-of", "2001-01-01"), 2, "not there by then"),
        (("export", "people"), 2, "can be exported"),
        (("trace", "people", UNKNOWN), 2, "can be traced"),
        (("trace", "need", UNKNOWN), 2, "no need of that id"),
        (("export", "groups", "--state", "famous"), 2, "The states of groups"),
        (("export", "groups", "--output", "/nowhere/at/all.csv"), 1, "can't be written"),
    ],
)
def test_a_bad_command_is_answered_in_a_sentence(
    run: Run, arguments: tuple[str, ...], code: int, words: str
) -> None:
    result = run(*arguments)

    assert result.exit_code == code, result.output
    assert words in result.stderr
    assert "Traceback" not in result.output


def test_a_database_without_its_schema_is_told_in_a_sentence(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKGROUPS_DATABASE_URL", f"sqlite:///{tmp_path / 'new.db'}")
    settings.cache_clear()

    result = run("themes")

    assert result.exit_code == 1
    assert "migrate first" in result.stderr


def test_every_command_helps(run: Run) -> None:
    for command in (("themes",), ("groups", "list"), ("groups", "show"), ("overdue",), ("export",)):
        result = run(*command, "--help")
        assert result.exit_code == 0
        assert "--" in result.stdout


def test_a_relay_loads_nothing_of_the_commands() -> None:
    script = (
        "import sys, services.workgroups.__main__;"
        "print([name for name in ('xlsxwriter', 'fastapi', 'services.workgroups.past', "
        "'services.workgroups.export_subjects') if name in sys.modules])"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert loaded.stdout.strip() == "[]"


def test_action_items_are_assigned_from_a_file_after_a_dry_run(
    run: Run, desk: Desk, tmp_path: Path
) -> None:
    file = tmp_path / "items.csv"
    file.write_text(
        f"title,institution_id,due_date\n[Bold] one,{desk.member.id},2021-03-31\n", "utf-8"
    )
    command = ("action-items", "add", str(file), "--group", "digital")
    by = ("--by", str(desk.coordinator.id))
    dry = run(*command, *by, "--dry-run")
    assert dry.exit_code == 0, dry.output
    assert "a dry run: nothing was changed" in dry.stdout
    assert "[Bold] one" in dry.stdout
    done = printed(run(*command, *by, "--json"))
    assert [(row["line"], row["outcome"], row["number"]) for row in done["rows"]] == [
        (2, "create", 2)
    ]
    stranger = run(*command, "--by", str(desk.member.id))
    assert stranger.exit_code == 2
    assert "There is no group" in stranger.stderr


def test_members_are_added_from_a_file_all_or_none(run: Run, desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "members.jsonl"
    rows = [{"institution_id": str(each)} for each in (desk.member.id, desk.other.id, new_id())]
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    command = ("members", "add", str(file), "--group", desk.group["id"])
    by = ("--by", str(desk.coordinator.id))
    dry = run(*command, *by, "--dry-run", "--json")
    assert dry.exit_code == 3
    assert [row["outcome"] for row in json.loads(dry.stdout)["rows"]] == [
        "unchanged",
        "create",
        "refused",
    ]
    refused = run(*command, *by)
    assert refused.exit_code == 2
    assert "/lines/3/institution_id" in refused.stdout
    assert "send the file again" in refused.stderr
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows[:2]), "utf-8")
    assert run(*command, *by).exit_code == 0
    [group] = printed(run("groups", "list", "--json"))
    assert group["members"] == 2


def test_a_file_of_another_kind_is_refused(run: Run, desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "members.xlsx"
    file.write_bytes(b"PK")
    answer = run(
        "members", "add", str(file), "--group", "digital", "--by", str(desk.coordinator.id)
    )
    assert answer.exit_code == 2
    assert ".csv or .jsonl" in answer.stderr


def test_a_trace_is_shown_from_what_was_raised_to_what_came_of_it(run: Run, desk: Desk) -> None:
    meeting = desk.workgroups.made(
        desk.coordinator, "/meetings", {**MEETING, "group_ids": [desk.group["id"]]}
    )
    raised = desk.post(kind="challenge", title="No [red] teachers")
    point = desk.workgroups.made(
        desk.coordinator,
        f"/meetings/{meeting['id']}/agreed-points",
        {"text": "Find teachers.", "update_id": raised["id"], "outcome": "Forty came."},
    )
    item = desk.workgroups.assign(
        desk.coordinator, desk.group, desk.member, agreed_point_id=point["id"]
    )

    lines = run("trace", "action-item", item["id"]).stdout.splitlines()

    posted = raised["posted_at"][:10]
    assert lines == [
        f"Update challenge: No [red] teachers [published] UNV {posted}",
        f"  Agreed point 1: Find teachers. [open] UNV {posted}",
        "    = Forty came.",
        "    Meeting: Retreat [held] 2020-12-15",
        "    Action item digital #2: Do it [open, overdue] UNV due 2021-03-31  <-- asked for",
    ]
    found = printed(run("trace", "update", raised["id"], "--json"))
    assert [node["kind"] for node in found["nodes"]] == [
        *("update", "meeting", "agreed_point", "action_item")
    ]
    assert run("trace", "meeting", meeting["id"]).stdout.startswith("Meeting: Retreat")
    alone = desk.workgroups.assign(
        desk.coordinator, desk.group, desk.member, meeting_id=meeting["id"]
    )
    first, second = run("trace", "action-item", alone["id"]).stdout.splitlines()
    assert first.startswith("Action item digital #3")
    assert second.startswith("  Meeting: Retreat")
