"""The suppression list and the reports on the command line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from services.notifier.__main__ import app
from services.notifier.settings import settings
from tests.notifier import reports
from tests.notifier.returned import report, send_to, suppressed
from tests.notifier.world import World

ANA = "ana@reader.example"


@pytest.fixture(autouse=True)
def configured(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The settings of the commands."""
    monkeypatch.setenv("NOTIFIER_DATABASE_URL", world.database.url)
    settings.cache_clear()
    yield
    settings.cache_clear()


def run(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def listed(what: str, *options: str) -> Any:
    return json.loads(run(what, "list", "--json", *options).stdout)


def test_an_address_is_added_listed_masked_and_lifted(world: World) -> None:
    assert run("suppressions", "add", ANA, "--note", "By telephone").exit_code == 0
    assert "already" in run("suppressions", "add", ANA).stdout
    assert [each["address"] for each in listed("suppressions")] == ["a***@reader.example"]
    assert [each["address"] for each in listed("suppressions", "--unmasked")] == [ANA]
    assert "by_hand" in run("suppressions", "lift", "ANA@reader.example").stdout
    assert suppressed(world) == {}
    assert run("suppressions", "lift", ANA).exit_code == 2
    assert run("suppressions", "add", "nobody").exit_code == 2


def test_a_list_goes_out_to_a_file_and_comes_in_again(world: World, tmp_path: Path) -> None:
    run("suppressions", "add", ANA)
    file = tmp_path / "list.csv"
    assert run("suppressions", "export", "--output", str(file)).exit_code == 0
    run("suppressions", "lift", ANA)
    tried = run("suppressions", "import", str(file), "--dry-run")
    assert ("1 added" in tried.stdout, suppressed(world)) == (True, {})
    assert "1 added" in run("suppressions", "import", str(file)).stdout
    assert suppressed(world) == {ANA: "by_hand"}
    file.write_text("address\nben@reader.example\nnobody\n")
    refused = run("suppressions", "import", str(file))
    assert (refused.exit_code, "/lines/3/address" in refused.stderr) == (2, True)
    assert suppressed(world) == {ANA: "by_hand"}


def test_what_was_reported_is_listed_without_addresses(world: World) -> None:
    world.open_group()
    report(world, reports.postfix(send_to(world, ANA)))
    (shown,) = listed("bounces", "--kind", "hard_bounce")
    assert (shown["code"], ANA in json.dumps(shown)) == ("5.1.1", False)


def test_without_a_mailbox_the_command_says_what_to_set() -> None:
    told = run("bounces", "read")
    assert (told.exit_code, "NOTIFIER_BOUNCES_IMAP_HOST" in told.stderr) == (2, True)
    assert run("bounces", "read", "--folder", "/nowhere").exit_code == 2
