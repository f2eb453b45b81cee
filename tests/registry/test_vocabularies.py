"""The code lists, and which codes fit together."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.vocabularies import Term, Vocabulary, profile_faults, vocabulary

ORGANISATION_TYPES = vocabulary("organisation-types")
COUNTRIES = vocabulary("countries")


@pytest.mark.parametrize("found", [ORGANISATION_TYPES, COUNTRIES], ids=lambda v: v.name)
def test_a_list_names_its_standard_its_source_and_its_date(found: Vocabulary) -> None:
    assert found.standard
    assert found.source.startswith("https://")
    assert len(found.as_of) == len("2026-01-01")


@pytest.mark.parametrize("found", [ORGANISATION_TYPES, COUNTRIES], ids=lambda v: v.name)
def test_codes_are_unique_and_in_order(found: Vocabulary) -> None:
    codes = [term.code for term in found.terms]
    assert all(before < after for before, after in pairwise(codes))


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
