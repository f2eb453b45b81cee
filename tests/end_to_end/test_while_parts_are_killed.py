"""The stack keeps its promises while its processes are killed under it."""

import signal
import subprocess
import sys
from typing import Any

import httpx
import pytest

from standalone.story.http import Services
from tests.end_to_end.southlink import Up, environment
from tests.waiting import wait_until

VICTIMS = [
    "relays",
    "workgroups-consume",
    "notifier-consume",
    "notifier-worker",
    "notifier-beat",
    "redis",
]


@pytest.fixture(scope="module")
def coordinator(up: Up) -> str:
    return up.coordinator()


def assign(services: Services, coordinator: str, title: str) -> dict[str, Any]:
    [group, *_] = services.get(f"{services.workgroups}/groups", coordinator)["items"]
    [member, *_] = services.get(f"{services.workgroups}/groups/{group['id']}/members", coordinator)[
        "items"
    ]
    return services.post(
        f"{services.workgroups}/groups/{group['id']}/action-items",
        {"title": title, "institution_id": member["institution_id"], "due_date": "2031-01-31"},
        coordinator,
    )


def times_told(up: Up, title: str) -> int:
    mails = up.services.mails(to="amina@readers.example.org", kind="immediate")
    return sum(mail.says(title) for mail in mails)


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_killed_process_comes_back_and_its_work_is_done_once(
    up: Up, coordinator: str, victim: str
) -> None:
    before = up.processes()[victim]
    title = f"Asked for while {victim} was killed"
    before.send_signal(signal.SIGKILL)
    assign(up.services, coordinator, title)
    wait_until(lambda: times_told(up, title) > 0, "the reader is told", 60)

    def again() -> bool:
        found = up.processes().get(victim)
        return found is not None and found != before and found.is_running()

    wait_until(again, f"{victim} runs again", 20)
    assert times_told(up, title) == 1


@pytest.mark.parametrize("service", ["workgroups", "notifier"])
def test_afterwards_the_read_models_equal_their_sources(up: Up, service: str) -> None:
    assert up.services.figure(getattr(up.services, service), "parked_events") == 0

    def equal() -> subprocess.CompletedProcess[str] | None:
        done = subprocess.run(
            [sys.executable, "-m", f"services.{service}", "rebuild", "--verify"],
            env={**environment(), **up.installation.environment()},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done if done.returncode == 0 else None

    done = wait_until(equal, "both are equal", 60)
    assert "Equal." in done.stdout


def test_the_services_say_that_they_are_well(up: Up) -> None:
    for url in (up.services.registry, up.services.workgroups, up.services.notifier):

        def well(url: str = url) -> bool:
            return bool(httpx.get(f"{url}/health/ready").json() == {"status": "ok", "problems": {}})

        wait_until(well, f"{url} is well")
