"""Whatever is wrong with a profile: its place is named, and nothing changes."""

from typing import Any

import pytest

from shared.vocabularies import vocabulary
from tests.registry.stage import Stage, assert_refused

ROR = {"scheme": "XI-ROR", "value": "03yrm5c26"}
NOBODY = "01a20e01-0000-7000-8000-000000000000"


def alias(value: str, **changed: Any) -> dict[str, Any]:
    return {"kind": "alias", "value": value, **changed}


BAD_PROFILES: list[tuple[str, dict[str, Any], str]] = [
    ("a word of two alphabets", {"name": "UND\u0420"}, "/name"),
    ("an acronym of two alphabets", {"acronym": "FA\u039f"}, "/acronym"),
    ("an alias of two alphabets", {"names": [alias("Wоrld")]}, "/names/0/value"),
    ("a right-to-left override", {"names": [alias("A\u202eB")]}, "/names/0/value"),
    ("a zero-width space", {"names": [alias("A\u200bB")]}, "/names/0/value"),
    ("an empty alias", {"names": [alias(" ")]}, "/names/0/value"),
    ("a name of another kind", {"names": [alias("A", kind="nickname")]}, "/names/0/kind"),
    ("a name without a kind", {"names": [{"value": "A"}]}, "/names/0/kind"),
    ("a name in no language", {"names": [alias("A", language="xx")]}, "/names/0/language"),
    ("a name twice", {"names": [alias("A"), alias("B"), alias("a")]}, "/names/2"),
    (
        "a name twice, in two languages",
        {"names": [{**alias("A"), "language": "en"}, {**alias("A"), "language": "fr"}]},
        "/names/1",
    ),
    (
        "an official name without language",
        {"names": [alias("A", kind="official")]},
        "/names/0/language",
    ),
    (
        "two official names of one language",
        {"name_language": "en", "names": [alias("A", kind="official", language="en")]},
        "/names/0/language",
    ),
    ("too many names", {"names": [alias(f"A {n}") for n in range(51)]}, "/names"),
    ("names as a word", {"names": "A"}, "/names"),
    ("a name as a word", {"names": ["A"]}, "/names/0"),
    ("an unknown theme", {"themes": ["health", "magic"]}, "/themes/1"),
    ("a theme twice", {"themes": ["health", "energy", "health"]}, "/themes/2"),
    ("a goal too many", {"sdgs": ["18"]}, "/sdgs/0"),
    ("a goal as number", {"sdgs": [1]}, "/sdgs/0"),
    ("a goal with a zero", {"sdgs": ["01"]}, "/sdgs/0"),
    ("more goals than there are", {"sdgs": ["1"] * 18}, "/sdgs"),
    ("an unknown country", {"countries": ["BD", "XX"]}, "/countries/1"),
    ("countries as an object", {"countries": {"BD": True}}, "/countries"),
    ("an unknown region", {"regions": ["000"]}, "/regions/0"),
    ("an unknown language", {"languages": ["en", "xx"]}, "/languages/1"),
    ("a language twice", {"languages": ["en", "EN"]}, "/languages/1"),
    ("a description in no language", {"descriptions": {"english": "A"}}, "/descriptions/english"),
    ("an empty description", {"descriptions": {"en": " "}}, "/descriptions/en"),
    ("a description too long", {"descriptions": {"en": "x" * 5_001}}, "/descriptions/en"),
    ("a bell in a description", {"descriptions": {"en": "A\x07B"}}, "/descriptions/en"),
    (
        "too many descriptions",
        {"descriptions": {f"en-{term.code}": "A" for term in vocabulary("countries").terms[:31]}},
        "/descriptions",
    ),
    ("descriptions as a list", {"descriptions": ["A"]}, "/descriptions"),
    *(
        (f"the domain {domain[:20]!r}", {"email_domains": ["fao.org", domain]}, "/email_domains/1")
        for domain in (
            "org",
            "ana@fao.org",
            "https://fao.org",
            "fao .org",
            "FAO.org",
            "",
            "x" * 300,
        )
    ),
    ("a domain of everybody", {"email_domains": ["gmail.com"]}, "/email_domains/0"),
    ("too many domains", {"email_domains": [f"a{n}.org" for n in range(21)]}, "/email_domains"),
    ("an unknown scheme", {"identifiers": [{**ROR, "scheme": "ROR"}]}, "/identifiers/0/scheme"),
    ("a mistyped ROR id", {"identifiers": [{**ROR, "value": "03yrm5c27"}]}, "/identifiers/0/value"),
    (
        "an identifier twice",
        {"identifiers": [ROR, {**ROR, "value": "https://ror.org/03YRM5C26"}]},
        "/identifiers/1",
    ),
    (
        "an identifier that says it was verified",
        {"identifiers": [{**ROR, "verified_at": "2026-11-24T10:00:00Z"}]},
        "/identifiers/0/verified_at",
    ),
    (
        "a time without its zone",
        {"identifiers": [{**ROR, "verified_at": "2026-11-24T10:00:00"}]},
        "/identifiers/0/verified_at",
    ),
    ("an unknown field of an identifier", {"identifiers": [{**ROR, "a": 1}]}, "/identifiers/0/a"),
    ("a parent that is not there", {"parent": NOBODY}, "/parent"),
    ("a parent that is no id", {"parent": "FAO"}, "/parent"),
    ("a predecessor twice", {"predecessors": [NOBODY, NOBODY]}, "/predecessors/1"),
    ("an unknown visibility", {"visibility": "secret"}, "/visibility"),
    ("a language of the name", {"name_language": "xx"}, "/name_language"),
    ("a logo of one's own", {"logo_digest": "0" * 64}, "/logo_digest"),
]


@pytest.mark.parametrize(
    ("changed", "pointer"), [case[1:] for case in BAD_PROFILES], ids=[c[0] for c in BAD_PROFILES]
)
def test_a_bad_change_of_a_profile_names_its_place(
    stage: Stage, changed: dict[str, Any], pointer: str
) -> None:
    assert_refused(
        stage,
        lambda: stage.registry.step(stage.own, "update", stage.focal_point, **changed),
        422,
        "invalid-input",
        pointer,
    )


def test_a_bad_profile_is_refused_at_registration_as_well(stage: Stage) -> None:
    body = stage.registry.registration("new@example.org", themes=["magic"], sdgs=["18"])

    assert_refused(
        stage,
        lambda: stage.send("POST", "/institutions", json=body),
        422,
        "invalid-input",
        "/sdgs/0",
    )


@pytest.mark.parametrize("field", ["name", "organisation_type", "visibility"])
def test_what_must_be_there_cannot_be_emptied(stage: Stage, field: str) -> None:
    assert_refused(
        stage,
        lambda: stage.registry.step(stage.own, "update", stage.focal_point, **{field: None}),
        422,
        "invalid-input",
        f"/{field}",
    )
