"""The whole profile: what an institution says of itself, and how it changes."""

from typing import Any

from sqlmodel import col, select

from services.registry.tables import InstitutionDomain, InstitutionName
from tests.registry.journey import CIRDAP, Registry

WHOLE: dict[str, Any] = {
    "name_language": "en",
    "names": [
        {"kind": "official", "value": "Centre de développement rural intégré", "language": "fr"},
        {"kind": "alias", "value": "CIRDAP Dhaka", "language": None},
        {"kind": "former", "value": "Rural Development Centre", "language": "en"},
        {"kind": "acronym", "value": "СИРДАП", "language": "ru"},
    ],
    "countries": ["BD", "TH"],
    "regions": ["034", "035"],
    "themes": ["digital-transformation", "rural-development"],
    "sdgs": ["1", "2", "17"],
    "languages": ["bn", "en", "zh-Hant"],
    "email_domains": ["cirdap.org"],
    "identifiers": [
        {"scheme": "ISNI", "value": "000000012150090X", "source": None, "verified_at": None},
        {
            "scheme": "XI-ROR",
            "value": "03yrm5c26",
            "source": "https://ror.org/03yrm5c26",
            "verified_at": None,
        },
    ],
    "descriptions": {"en": "Promotes rural development.", "fr": "Promeut le développement rural."},
    "visibility": "public",
}


def test_a_registration_holds_the_whole_profile(registry: Registry) -> None:
    institution, focal_point = registry.submitted(**WHOLE)

    shown = registry.read(institution["id"], focal_point)

    assert {field: shown[field] for field in WHOLE} == WHOLE
    assert {field: shown[field] for field in CIRDAP} == CIRDAP
    assert shown["parent"] is None
    assert shown["predecessors"] == shown["related"] == []


def test_a_change_replaces_lists_and_what_is_absent_stays(registry: Registry) -> None:
    institution, focal_point = registry.submitted(**WHOLE)

    changed = registry.step(
        institution,
        "update",
        focal_point,
        themes=["health"],
        sdgs=None,
        name_language=None,
        names=WHOLE["names"][:1],
        email_domains=["cirdap.example", "cirdap.org"],
        identifiers=[],
    )

    assert changed.status_code == 200, changed.text
    expected = {
        **WHOLE,
        "themes": ["health"],
        "sdgs": [],
        "name_language": None,
        "names": WHOLE["names"][:1],
        "email_domains": ["cirdap.example", "cirdap.org"],
        "identifiers": [],
    }
    assert {field: changed.json()[field] for field in WHOLE} == expected
    shown = registry.read(institution["id"], focal_point)
    assert {field: shown[field] for field in WHOLE} == expected


def test_each_language_of_the_description_changes_by_itself(embedded_registry: Registry) -> None:
    institution, focal_point = embedded_registry.submitted(**WHOLE)

    changed = embedded_registry.step(
        institution, "update", focal_point, descriptions={"fr": None, "es": "Desarrollo rural."}
    ).json()
    emptied = embedded_registry.step(changed, "update", focal_point, descriptions=None).json()

    assert changed["descriptions"] == {
        "en": "Promotes rural development.",
        "es": "Desarrollo rural.",
    }
    assert emptied["descriptions"] == {}


def test_what_is_read_can_be_sent_back_and_changes_nothing(embedded_registry: Registry) -> None:
    institution, focal_point = embedded_registry.submitted(**WHOLE)
    shown = embedded_registry.read(institution["id"], focal_point)
    sent = {field: shown[field] for field in [*CIRDAP, *WHOLE, "parent", "predecessors"]}

    answer = embedded_registry.step(institution, "update", focal_point, **sent)

    assert answer.status_code == 200, answer.text
    assert answer.json()["version"] == institution["version"]


SPELLINGS: list[tuple[str, Any, Any]] = [
    ("email_domains", ["CIRDAP.Org"], ["cirdap.org"]),
    ("email_domains", ["müller.example"], ["xn--mller-kva.example"]),
    ("languages", ["ZH-hant", "PT-br", "es-419"], ["es-419", "pt-BR", "zh-Hant"]),
    ("sdgs", ["13", "2", "1"], ["1", "2", "13"]),
    ("descriptions", {"PT-br": " Sim.\r\n"}, {"pt-BR": "Sim."}),
    (
        "names",
        [{"kind": "alias", "value": " Cirdap\u0301 "}],
        [{"kind": "alias", "value": "Cirdaṕ", "language": None}],
    ),
]


def test_one_thing_is_kept_in_one_form(embedded_registry: Registry) -> None:
    institution, focal_point = embedded_registry.submitted()

    for field, sent, kept in SPELLINGS:
        changed = embedded_registry.step(institution, "update", focal_point, **{field: sent})
        assert changed.status_code == 200, changed.text
        institution = changed.json()
        assert institution[field] == kept


def test_a_new_shown_name_leaves_the_other_names_alone(registry: Registry) -> None:
    institution, focal_point = registry.submitted(**WHOLE)

    changed = registry.step(
        institution, "update", focal_point, name="Rural Centre", acronym=None
    ).json()

    assert changed["names"] == WHOLE["names"]
    with registry.database.read() as session:
        found = session.exec(
            select(InstitutionName.kind, InstitutionName.value, InstitutionName.language).order_by(
                col(InstitutionName.id)
            )
        ).all()
    assert [tuple(row) for row in found] == [
        ("official", "Rural Centre", "en"),
        *((name["kind"], name["value"], name["language"]) for name in WHOLE["names"]),
    ]


def test_another_name_becomes_the_shown_one(embedded_registry: Registry) -> None:
    institution, focal_point = embedded_registry.submitted(**WHOLE)

    changed = embedded_registry.step(
        institution,
        "update",
        focal_point,
        name=WHOLE["names"][0]["value"],
        name_language="fr",
    ).json()

    assert changed["name"] == WHOLE["names"][0]["value"]
    assert changed["names"] == WHOLE["names"][1:], "it isn't repeated among the others"


def test_only_a_coordinator_states_that_an_identifier_was_verified(
    embedded_registry: Registry,
) -> None:
    coordinator = embedded_registry.coordinator()
    institution, focal_point = embedded_registry.submitted(**WHOLE)
    isni, ror = WHOLE["identifiers"]
    seen = {**ror, "verified_at": "2026-11-24T17:00:00+07:00"}

    refused = embedded_registry.step(institution, "update", focal_point, identifiers=[isni, seen])
    stated = embedded_registry.step(institution, "update", coordinator, identifiers=[isni, seen])

    assert refused.status_code == 422
    assert [e["pointer"] for e in refused.json()["errors"]] == ["/identifiers/1/verified_at"]
    assert stated.json()["identifiers"][1]["verified_at"] == "2026-11-24T10:00:00Z"
    again = {"scheme": "XI-ROR", "value": "https://ror.org/03YRM5C26"}
    kept = embedded_registry.step(stated.json(), "update", focal_point, identifiers=[again]).json()
    assert kept["identifiers"][0]["verified_at"] == "2026-11-24T10:00:00Z", "still the same one"
    other = {"scheme": "XI-ROR", "value": "05dxps055"}
    lost = embedded_registry.step(kept, "update", focal_point, identifiers=[other]).json()
    assert lost["identifiers"][0]["verified_at"] is None


def test_the_second_of_two_edits_of_one_version_is_refused_whole(
    embedded_registry: Registry,
) -> None:
    institution, focal_point = embedded_registry.submitted(**WHOLE)
    first = embedded_registry.step(institution, "update", focal_point, themes=["health"])

    second = embedded_registry.step(institution, "update", focal_point, sdgs=["5"], themes=[])

    assert first.status_code == 200
    assert second.status_code == 412
    shown = embedded_registry.read(institution["id"], focal_point)
    assert (shown["themes"], shown["sdgs"]) == (["health"], WHOLE["sdgs"])


def test_the_history_holds_each_field_before_and_after(embedded_registry: Registry) -> None:
    institution, focal_point = embedded_registry.submitted(**WHOLE)

    embedded_registry.step(institution, "update", focal_point, sdgs=["5"], visibility="private")

    steps = embedded_registry.client.get(
        f"/institutions/{institution['id']}/history", headers=focal_point.headers
    ).json()["items"]
    assert steps[-1]["changes"] == {
        "sdgs": [["1", "2", "17"], ["5"]],
        "visibility": ["public", "private"],
    }


def test_a_domain_is_kept_with_what_it_looks_like(embedded_registry: Registry) -> None:
    embedded_registry.submitted(email_domains=["FA0.example"])

    with embedded_registry.database.read() as session:
        row = session.exec(select(InstitutionDomain)).one()

    assert (row.domain, row.skeleton) == ("fa0.example", "fao.example")
