"""Reading the lists of workgroups, searching them, and what a person owes, through the API."""

import time
from collections.abc import Iterator, Mapping
from random import Random
from uuid import UUID

from fastapi.testclient import TestClient
from joserfc.jwk import KeySet, OKPKey

from benchmarks.effort import Effort
from benchmarks.institutions_in_bulk import TOPICS
from benchmarks.large_workgroups import Large, large_workgroups
from benchmarks.report import Result, percentiles
from services.workgroups.app import app_of
from services.workgroups.settings import Settings
from shared.identity import Caller, LocalKeySet, TokenVerifier, sign_token
from shared.logs import configure

LIMIT_MS = 100.0
OWED_LIMIT_MS = 50.0
PER_RUN = 40
"""Requests of each kind in a run."""

Asked = tuple[str, Mapping[str, str | int | bool]]


def measure(effort: Effort) -> list[Result]:
    """Return p50 and p95 of each list, of the search and of `/me/owed`, on both databases."""
    results = []
    configure("workgroups", "json", "ERROR")
    for kind in ("PostgreSQL", "SQLite"):
        with large_workgroups(kind, effort.console, effort.servers) as large:
            results += _measured(effort, kind, large)
    return results


def _measured(effort: Effort, kind: str, large: Large) -> list[Result]:
    key = OKPKey.generate_key("Ed25519", parameters={"kid": "measured"}, auto_kid=False)
    app = app_of(
        Settings(database_url=large.database.url),
        large.database,
        TokenVerifier(LocalKeySet(KeySet([key]))),
    )
    times: dict[str, list[list[float]]] = {}
    with TestClient(app) as client:
        for run in range(effort.runs):
            for what, request in _requests(large, run):
                spent = _milliseconds(client, key, *request)
                runs = times.setdefault(what, [[] for _ in range(effort.runs)])
                runs[run].append(spent)
    results = []
    for what, runs in times.items():
        limit = OWED_LIMIT_MS if what == "what a person owes" else LIMIT_MS
        question = f"{what.capitalize()}, on {kind}"
        results += percentiles(question, runs, {0.5: None, 0.95: limit}, "ms")
    return results


def _requests(large: Large, run: int) -> Iterator[tuple[str, tuple[Caller, Asked]]]:
    """Yield what people ask; other questions in each run."""
    chance = Random(run)
    coordinator = _person(large.coordinator)
    for _ in range(PER_RUN):
        focal_point = _person(chance.choice(large.focal_points))
        group = chance.choice(large.groups)
        word = chance.choice(TOPICS).split()[0].lower()
        place = f"place {chance.randrange(400)}"
        every: list[tuple[str, Caller, Asked]] = [
            ("the groups", focal_point, ("/groups", {"limit": 50})),
            ("the updates of a group", coordinator, (f"/groups/{group}/updates", {"limit": 50})),
            ("the members of a group", coordinator, (f"/groups/{group}/members", {})),
            ("the meetings of a group", coordinator, ("/meetings", {"group": str(group)})),
            ("the meetings", focal_point, ("/meetings", {"limit": 50})),
            (
                "the overdue action items of a group",
                coordinator,
                (f"/groups/{group}/action-items", {"overdue": True}),
            ),
            ("the action items", focal_point, ("/action-items", {"limit": 50})),
            (
                "the overdue action items of a theme",
                focal_point,
                ("/action-items", {"overdue": True, "theme": f"theme-{chance.randrange(20)}"}),
            ),
            (
                "the action items of an institution",
                coordinator,
                ("/action-items", {"institution": str(chance.choice(large.institutions))}),
            ),
            (
                "the blocked action items that changed last",
                focal_point,
                ("/action-items", {"state": "blocked", "sort": "changed"}),
            ),
            (
                "the action items that a person sees to",
                focal_point,
                ("/action-items", {"person": str(focal_point.id)}),
            ),
            (
                "the trace of an action item",
                coordinator,
                (f"/trace/action_item/{chance.choice(large.stories)}", {}),
            ),
            ("a search for a frequent word", focal_point, ("/search", {"q": word, "facets": True})),
            ("a search for rare words", focal_point, ("/search", {"q": f"{word} {place}"})),
            ("a search with a typing error", focal_point, ("/search", {"q": _mistyped(word)})),
            ("what a person owes", focal_point, ("/me/owed", {})),
        ]
        for what, caller, asked in every:
            yield what, (caller, asked)


def _person(person_id: UUID) -> Caller:
    return Caller(id=person_id, scopes=frozenset({"act"}))


def _mistyped(word: str) -> str:
    return word[:1] + word[2] + word[1] + word[3:]


def _milliseconds(client: TestClient, key: OKPKey, caller: Caller, asked: Asked) -> float:
    headers = {"Authorization": f"Bearer {sign_token(key, caller, 600)}"}
    path, parameters = asked
    began = time.perf_counter()
    answer = client.get(path, params=dict(parameters), headers=headers)
    spent = (time.perf_counter() - began) * 1_000
    assert answer.status_code == 200, answer.text
    return spent
