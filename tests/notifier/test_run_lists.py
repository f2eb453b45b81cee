"""The state of each run and delivery, as coordinators and operators choose among them."""

import json
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from joserfc.jwk import OKPKey
from typer.testing import CliRunner

from services.notifier.__main__ import app as commands
from services.notifier.settings import settings
from services.notifier.vocabulary import Frequency
from shared.columns import utc_now
from tests.notifier.callers import coordinator
from tests.notifier.world import World


def test_runs_and_their_emails_are_chosen_by_what_they_are_and_what_became_of_them(
    world: World, client: TestClient, signing_key: OKPKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = coordinator(world, signing_key)
    world.open_group()
    for name in ("ana", "bo"):
        world.subscribe(f"{name}@example.org")
    world.tell(world.update())
    daily = str(world.close_windows().id)
    weekly = str(world.close_windows(Frequency.WEEKLY).id)
    world.mailbox.refused["bo@example.org"] = "550 No"

    def runs(**chosen: str) -> list[str]:
        answer = client.get("/digest-runs", params=chosen, headers=headers)
        assert answer.status_code == 200, answer.text
        return [run["id"] for run in answer.json()["items"]]

    assert (runs(state="sending"), runs(state="done")) == ([daily], [weekly])
    world.deliver_all()
    assert runs(state="done") == [weekly, daily]
    assert runs(frequency="daily") == [daily]
    later = (utc_now() + timedelta(days=1)).isoformat()
    assert (runs(started_from=later), runs(started_before=later)) == ([], [weekly, daily])
    chosen = {"run": daily, "state": "failed", "kind": "digest"}
    (failed,) = client.get("/deliveries", params=chosen, headers=headers).json()["items"]
    assert (failed["recipient"], "550" in failed["in_words"]) == ("b***@example.org", True)
    assert client.get("/deliveries", params={"run": weekly}, headers=headers).json()["items"] == []
    empty = {"started_from": later, "started_before": utc_now().isoformat()}
    refused = client.get("/digest-runs", params=empty, headers=headers)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "started_before"

    monkeypatch.setenv("NOTIFIER_DATABASE_URL", world.database.url)
    settings.cache_clear()
    told = CliRunner().invoke(commands, ["runs", "--frequency", "daily", "--json"])
    settings.cache_clear()
    (run,) = json.loads(told.stdout)
    assert (run["id"], run["sent"], run["failed"]) == (daily, 1, 1)
