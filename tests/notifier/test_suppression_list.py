"""The suppression list and the reports, as coordinators and mail servers use them."""

import csv
import io
import json

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import OKPKey

from services.notifier.addresses import normalised
from shared.identity import Caller, sign_token
from shared.ids import new_id
from tests.notifier import reports
from tests.notifier.callers import bearer, coordinator
from tests.notifier.returned import send_to, stored_reports, suppressed
from tests.notifier.world import World

ANA = "ana@reader.example"
MAIL = {"Content-Type": "message/rfc822"}


@pytest.fixture
def headers(world: World, signing_key: OKPKey) -> dict[str, str]:
    """The header of a coordinator."""
    world.open_group()
    return coordinator(world, signing_key)


def mail_server(key: OKPKey) -> dict[str, str]:
    """Return the header of a mail server's key."""
    caller = Caller(new_id(), "system", frozenset({"bounces:write"}))
    return {"Authorization": f"Bearer {sign_token(key, caller, 600)}", **MAIL}


def test_a_mail_server_reports_a_bounce_and_a_coordinator_sees_what_followed(
    client: TestClient, world: World, signing_key: OKPKey, headers: dict[str, str]
) -> None:
    content = reports.postfix(send_to(world, ANA))
    first = client.post("/bounces", content=content, headers=mail_server(signing_key))
    again = client.post("/bounces", content=content, headers=mail_server(signing_key))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    (shown,) = client.get("/bounces", params={"kind": "hard_bounce"}, headers=headers).json()[
        "items"
    ]
    assert shown == client.get(first.headers["location"], headers=headers).json()
    assert (shown["code"], shown["times"]) == ("5.1.1", 2)
    (entry,) = client.get("/suppressions", headers=headers).json()["items"]
    assert (entry["address"], entry["reason"]) == ("a***@reader.example", "hard_bounce")
    assert entry["report_id"] == shown["id"]
    metrics = client.get("/metrics").text
    assert 'bounces{kind="hard_bounce"} 1' in metrics
    assert 'suppressed_addresses{reason="hard_bounce"} 1' in metrics


def test_who_may_not_report_or_look_changes_and_sees_nothing(
    client: TestClient, world: World, signing_key: OKPKey
) -> None:
    world.open_group()
    content = reports.postfix(send_to(world, ANA))
    anybody = bearer(signing_key, new_id())
    server = mail_server(signing_key)
    entry = f"/suppressions/{new_id()}"
    assert client.post("/bounces", content=content, headers=MAIL).status_code == 401
    assert client.post("/bounces", content=content, headers={**anybody, **MAIL}).status_code == 403
    for who in (anybody, server):
        for path in ("/bounces", f"/bounces/{new_id()}", "/suppressions", entry):
            assert client.get(path, headers=who).status_code == 403
        assert client.get("/suppressions/export", headers=who).status_code == 403
        assert client.delete(entry, headers={**who, "If-Match": '"1"'}).status_code == 403
        json_body = {"address": ANA}
        assert client.post("/suppressions", json=json_body, headers=who).status_code == 403
        lines = {**who, "Content-Type": "text/csv"}
        answer = client.post("/suppressions/import", content="address\nx@y.org\n", headers=lines)
        assert answer.status_code == 403
    assert (stored_reports(world), suppressed(world)) == ([], {})


def test_what_is_no_message_or_too_large_is_refused(
    client: TestClient, world: World, signing_key: OKPKey
) -> None:
    server = mail_server(signing_key)
    as_json = {**server, "Content-Type": "application/json"}
    assert client.post("/bounces", content=b"{}", headers=as_json).status_code == 415
    assert client.post("/bounces", content=b"x" * 1_048_577, headers=server).status_code == 413
    assert stored_reports(world) == []


def test_a_coordinator_puts_an_address_on_the_list_and_lets_it_through_again(
    client: TestClient, world: World, headers: dict[str, str]
) -> None:
    body = {"address": "Ana@Reader.example", "note": "Asked for it by telephone."}
    keyed = {**headers, "Idempotency-Key": "one"}
    first = client.post("/suppressions", json=body, headers=keyed)
    assert client.post("/suppressions", json=body, headers=keyed).json() == first.json()
    again = client.post("/suppressions", json={"address": ANA}, headers=headers)
    assert (first.status_code, again.status_code) == (201, 200)
    path = first.headers["location"]
    shown = client.get(path, params={"unmasked": True}, headers=headers)
    assert shown.json()["address"] == "Ana@reader.example"
    found = client.get("/suppressions", params={"address": ANA}, headers=headers).json()["items"]
    assert [each["id"] for each in found] == [first.json()["id"]]
    assert client.delete(path, headers=headers).status_code == 428
    seen = {**headers, "If-Match": shown.headers["etag"]}
    because = {"because": "She asked for it again."}
    assert client.delete(path, params=because, headers=seen).status_code == 204
    assert client.delete(path, headers=seen).status_code == 204
    assert suppressed(world) == {}
    lifted = client.get("/suppressions", params={"lifted": True}, headers=headers).json()["items"]
    assert lifted[0]["lifted_because"] == because["because"]


def test_a_complaint_that_came_after_a_look_is_not_lifted_unseen(
    client: TestClient, world: World, headers: dict[str, str]
) -> None:
    sent = send_to(world, ANA)
    client.post("/bounces", content=reports.postfix(sent), headers={**headers, **MAIL})
    (entry,) = client.get("/suppressions", headers=headers).json()["items"]
    client.post("/bounces", content=reports.complaint(sent), headers={**headers, **MAIL})
    seen = {**headers, "If-Match": f'"{entry["version"]}"'}
    assert client.delete(f"/suppressions/{entry['id']}", headers=seen).status_code == 412
    assert suppressed(world) == {ANA: "complaint"}


def test_an_export_is_taken_by_an_import_and_again_changes_nothing(
    client: TestClient, world: World, headers: dict[str, str]
) -> None:
    send_to(world, "lea@reader.example")
    rows = [
        {"address": "añá@reader.example", "reason": "complaint", "note": 'She said: "no, thanks"'},
        {"address": "ben@reader.example", "reason": "hard_bounce", "note": "=1+1"},
        {"address": "lea@reader.example", "reason": "soft_bounces"},
        {"address": "Ben@reader.example"},
    ]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    as_lines = {**headers, "Content-Type": "application/jsonl"}
    tried = client.post(
        "/suppressions/import", params={"dry_run": True}, content=lines, headers=as_lines
    )
    assert (tried.json(), suppressed(world)) == (
        {"dry_run": True, "rows": 4, "added": 3, "unchanged": 1},
        {},
    )
    client.post("/suppressions/import", content=lines, headers=as_lines)
    there = suppressed(world)
    assert set(there.values()) == {"complaint", "by_hand", "soft_bounces"}
    table = client.get("/suppressions/export", headers=headers)
    cells = list(csv.DictReader(io.StringIO(table.text.removeprefix("\ufeff"))))
    assert {row["note"] for row in cells} == {'She said: "no, thanks"', "'=1+1", ""}
    for form, media_type in (("csv", "text/csv"), ("jsonl", "application/jsonl")):
        file = client.get("/suppressions/export", params={"format": form}, headers=headers)
        back = client.post(
            "/suppressions/import",
            content=file.content,
            headers={**headers, "Content-Type": media_type},
        )
        assert back.json() == {"dry_run": False, "rows": 3, "added": 0, "unchanged": 3}
    assert suppressed(world) == there


def test_a_file_with_faults_is_refused_as_a_whole_with_each_named(
    client: TestClient, world: World, headers: dict[str, str]
) -> None:
    file = "address,reason\nben@reader.example,hard_bounce\nnobody,hard_bounce\nx@y.org,dislike\n"
    answer = client.post(
        "/suppressions/import", content=file, headers={**headers, "Content-Type": "text/csv"}
    )
    assert answer.status_code == 422
    pointers = [error["pointer"] for error in answer.json()["errors"]]
    assert pointers == ["/lines/3/address", "/lines/4/reason"]
    assert suppressed(world) == {}


def test_who_asks_anew_gets_the_same_answer_suppressed_or_not(
    client: TestClient, world: World, headers: dict[str, str]
) -> None:
    client.post("/suppressions", json={"address": ANA}, headers=headers)
    answers = [
        client.post(
            "/subscriptions",
            json={"email": email, "target": {"kind": "everything"}, "frequency": "daily"},
        )
        for email in (ANA, "ben@reader.example")
    ]
    world.deliver_all()
    assert [message["To"] for message in world.mailbox.messages] == ["ben@reader.example"]
    suppressed_one, other = (answer.json() for answer in answers)
    assert suppressed_one | {"subscription_id": ""} == other | {"subscription_id": ""}
    assert "ask a coordinator" in other["if_nothing_comes"]


@settings(deadline=None)
@given(st.emails())
def test_the_spelling_of_an_address_is_no_way_around_the_list(address: str) -> None:
    once = normalised(address)
    assert normalised(once) == once
    assert normalised(f" {address.upper()} ") == normalised(address.lower())


def test_an_address_is_the_same_in_every_form_of_its_domain() -> None:
    same = {"ana@bücher.example", "Ana@xn--bcher-kva.example", "ana@BÜCHER.example"}
    assert {normalised(address) for address in same} == {"ana@bücher.example"}
    assert normalised("Ana+news@Reader.Example ") == "ana+news@reader.example"
