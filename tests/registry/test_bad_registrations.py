"""Whatever is wrong with a registration: its field is named, and nothing changes."""

import json
from typing import Any

import pytest

from tests.registry.stage import Stage, assert_refused

PERSON = {"name": "Ana Souza", "email": "new@example.org"}
ADDRESS = "/focal_point/email"

BAD_REGISTRATIONS: list[tuple[str, dict[str, Any], str]] = [
    ("an unknown field", {"verified": True}, "/verified"),
    ("a field with a slash", {"a/b~c": 1}, "/a~1b~0c"),
    ("an unknown nested field", {"focal_point": {**PERSON, "role": "king"}}, "/focal_point/role"),
    ("a status of one's own", {"status": "verified"}, "/status"),
    ("a number as name", {"name": 5}, "/name"),
    ("no name", {"name": None}, "/name"),
    ("a list as name", {"name": ["WFP"]}, "/name"),
    ("an empty name", {"name": ""}, "/name"),
    ("a name of blanks", {"name": " \u3000 "}, "/name"),
    ("a name too long", {"name": "x" * 201}, "/name"),
    ("an acronym too long", {"acronym": "x" * 41}, "/acronym"),
    ("a null character", {"name": "A\x00B"}, "/name"),
    ("a bell", {"name": "A\x07B"}, "/name"),
    ("a line break", {"name": "A\nBcc: everybody@example.org"}, "/name"),
    ("a carriage return", {"name": "A\r\nB"}, "/name"),
    ("a line separator", {"name": "A\u2028B"}, "/name"),
    ("a next line", {"name": "A\u0085B"}, "/name"),
    ("a right-to-left override", {"name": "A\u202eB"}, "/name"),
    ("a zero-width space", {"name": "A\u200bB"}, "/name"),
    ("half a character", {"name": "A\ud800B"}, "/name"),
    ("a person instead of an institution", {"focal_point": "Ana"}, "/focal_point"),
    ("no focal point", {"focal_point": None}, "/focal_point"),
    (
        "a line break in a person's name",
        {"focal_point": {**PERSON, "name": "Ana\nTo: x@example.org"}},
        "/focal_point/name",
    ),
    ("no address", {"focal_point": {"name": "Ana"}}, ADDRESS),
    *(
        (f"the address {address!r}", {"focal_point": {**PERSON, "email": address}}, ADDRESS)
        for address in (
            "",
            "ana",
            "ana@",
            "@example.org",
            "ana@example",
            "ana@exa mple.org",
            "Ana <ana@example.org>",
            "ana@example.org, eve@example.org",
            "ana@example.org\nBcc: eve@example.org",
            "ana\x00@example.org",
            "a" * 65 + "@example.org",
            "ana@" + "x" * 250 + ".org",
            7,
            None,
        )
    ),
    (
        "an unknown time zone",
        {"focal_point": {**PERSON, "time_zone": "Bangkok"}},
        "/focal_point/time_zone",
    ),
    (
        "a time zone that is a path",
        {"focal_point": {**PERSON, "time_zone": "../../etc/passwd"}},
        "/focal_point/time_zone",
    ),
    (
        "an impossible language",
        {"focal_point": {**PERSON, "language": "English, please"}},
        "/focal_point/language",
    ),
    ("an unknown type", {"organisation_type": "41"}, "/organisation_type"),
    ("a type as number", {"organisation_type": 40}, "/organisation_type"),
    ("an unknown subtype", {"subtype": "kingdom"}, "/subtype"),
    ("a subtype of another type", {"subtype": "ministry"}, "/subtype"),
    ("no subtype where there are some", {"subtype": None}, "/subtype"),
    ("a subtype where there is none", {"organisation_type": "60"}, "/subtype"),
    ("an unknown country", {"country": "XX"}, "/country"),
    ("a country in small letters", {"country": "bd"}, "/country"),
    ("a country by name", {"country": "Bangladesh"}, "/country"),
    *(
        (f"the website {website[:30]!r}", {"website": website}, "/website")
        for website in (
            "cirdap.org",
            "javascript:alert(1)",
            "ftp://cirdap.org",
            "https://",
            "https://localhost",
            "https://user:pass@cirdap.org",
            "https://[cirdap.org",
            "https://cirdap.org:port",
            "https://cirdap.org/" + "x" * 500,
        )
    ),
]


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [case[1:] for case in BAD_REGISTRATIONS],
    ids=[c[0] for c in BAD_REGISTRATIONS],
)
def test_a_bad_registration_names_its_field(
    stage: Stage, changed: dict[str, Any], pointer: str
) -> None:
    body = stage.registry.registration("new@example.org", **changed)

    assert_refused(
        stage,
        lambda: stage.send(
            "POST",
            "/institutions",
            content=json.dumps(body),
            headers={"Content-Type": "application/json"},
        ),
        422,
        "invalid-input",
        pointer,
    )


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("request_", "status", "slug"),
    [
        ({"content": "{", "headers": JSON}, 400, "malformed-request"),
        ({"content": b'{"name": "\xff"}', "headers": JSON}, 400, "malformed-request"),
        ({"content": "[" * 100_000, "headers": JSON}, 400, "malformed-request"),
        ({"content": "[]", "headers": JSON}, 422, "invalid-input"),
        ({"content": "1e999", "headers": JSON}, 422, "invalid-input"),
        ({"content": "", "headers": JSON}, 422, "invalid-input"),
        ({"data": {"name": "WFP"}}, 415, "unsupported-media-type"),
        (
            {"content": "<name/>", "headers": {"Content-Type": "application/xml"}},
            415,
            "unsupported-media-type",
        ),
        ({"content": "x" * 262_145, "headers": JSON}, 413, "too-large"),
        ({"content": iter([b"x" * 200_000] * 3), "headers": JSON}, 413, "too-large"),
        (
            {"json": {}, "headers": {"Idempotency-Key": "two words"}},
            422,
            "invalid-input",
        ),
        ({"json": {}, "headers": {"Idempotency-Key": "x" * 201}}, 422, "invalid-input"),
    ],
    ids=[
        "cut off",
        "not UTF-8",
        "too deep",
        "a list",
        "a number too large",
        "nothing",
        "a form",
        "XML",
        "over the limit",
        "over the limit, in chunks",
        "a key of two words",
        "a key too long",
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    stage: Stage, request_: dict[str, Any], status: int, slug: str
) -> None:
    assert_refused(stage, lambda: stage.send("POST", "/institutions", **request_), status, slug)
