"""The code lists, and which codes fit together."""

from datetime import date
from importlib.resources import files
from itertools import pairwise
from typing import get_args

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from services.registry.vocabularies import list_faults, profile_faults
from shared.vocabularies import Term, Vocabulary, VocabularyName, vocabulary

ORGANISATION_TYPES = vocabulary("organisation-types")
COUNTRIES = vocabulary("countries")


ALL = [vocabulary(name) for name in get_args(VocabularyName)]


@pytest.mark.parametrize("found", ALL, ids=lambda v: v.name)
def test_a_list_names_its_standard_its_source_and_its_date(found: Vocabulary) -> None:
    assert found.standard
    assert found.source.startswith("https://") or found.standard.startswith("Southlink's own")
    assert date.fromisoformat(found.as_of) <= date(2026, 11, 24)


@pytest.mark.parametrize("found", ALL, ids=lambda v: v.name)
def test_codes_are_unique_and_in_order(found: Vocabulary) -> None:
    codes = [(int(term.code) if term.code.isdigit() else 0, term.code) for term in found.terms]
    assert all(before < after for before, after in pairwise(codes))


@pytest.mark.parametrize("found", ALL, ids=lambda v: v.name)
def test_every_broader_code_is_of_the_list_and_none_leads_back(found: Vocabulary) -> None:
    for term in found.terms:
        path = [term.code]
        while (broader := found.term(path[-1]).broader) is not None:  # type: ignore[union-attr]
            assert broader not in path
            path.append(broader)


def test_every_region_of_the_standard_is_in_the_world_or_a_group_of_countries() -> None:
    regions = vocabulary("regions")
    outside = [term.code for term in regions.terms if term.broader is None]
    assert outside == ["001", "199", "432", "722"]
    assert regions.term("035").broader == "142"  # type: ignore[union-attr]
    assert len(regions.terms) == 33


def test_there_are_17_goals_and_the_themes_of_the_retreat() -> None:
    assert [term.code for term in vocabulary("sdgs").terms] == [str(n) for n in range(1, 18)]
    story = yaml.safe_load((files("standalone") / "story" / "retreat-2020.yaml").read_text())
    for theme in story["themes"]:
        assert vocabulary("themes").term(theme["slug"]).name == theme["title"]  # type: ignore[union-attr]


def test_an_unknown_and_a_repeated_code_are_each_named() -> None:
    faults = list_faults("sdgs", ["1", "18", "1"], "/sdgs")
    assert [fault.pointer for fault in faults] == ["/sdgs/1", "/sdgs/2"]
    assert "GET /vocabularies/sdgs" in faults[0].detail


def test_there_are_the_249_countries_of_the_standard() -> None:
    assert len(COUNTRIES.terms) == 249
    assert COUNTRIES.term("TH").name == "Thailand"  # type: ignore[union-attr]
    assert COUNTRIES.term("CI").name == "Côte d'Ivoire"  # type: ignore[union-attr]


def test_the_organisation_types_are_those_of_iati() -> None:
    codes = " ".join(term.code for term in ORGANISATION_TYPES.terms)
    assert codes == "10 11 15 21 22 23 24 30 40 60 70 71 72 73 80 90"


@given(
    st.sampled_from(ORGANISATION_TYPES.terms),
    st.one_of(
        st.none(),
        st.sampled_from([s.code for t in ORGANISATION_TYPES.terms for s in t.subtypes]),
    ),
)
def test_a_subtype_fits_its_own_type_alone(kind: Term, subtype: str | None) -> None:
    own = [term.code for term in kind.subtypes]
    fits = subtype in own if own else subtype is None
    assert (profile_faults(kind.code, subtype, "TH") == []) == fits


@pytest.mark.parametrize(
    ("profile", "pointer"),
    [
        (("41", None, None), "/organisation_type"),
        (("40", None, None), "/subtype"),
        (("40", "ministry", None), "/subtype"),
        (("21", "un_entity", None), "/subtype"),
        (("40", "un_entity", "XX"), "/country"),
        (("40", "un_entity", "th"), "/country"),
        (("10", "ministry", None), "/country"),
    ],
)
def test_a_code_that_does_not_fit_is_named_with_what_to_do(
    profile: tuple[str, str | None, str | None], pointer: str
) -> None:
    faults = profile_faults(*profile)
    assert [fault.pointer for fault in faults] == [pointer]
    assert faults[0].detail.endswith(".")


def test_a_multilateral_body_needs_no_country() -> None:
    assert profile_faults("40", "un_entity", None) == []
