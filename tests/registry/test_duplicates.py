"""When two names are one."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from services.registry import institutions
from services.registry.duplicates import comparison_key, possible_duplicates
from services.registry.institutions import Profile
from services.registry.lifecycle import Status
from services.registry.people import PersonDraft
from services.registry.tables import Institution
from shared.columns import utc_now


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Côte d'Ivoire", "COTE D’IVOIRE"),
        ("Food and Agriculture Organization", "  food  and agriculture organization "),
        ("Straße", "STRASSE"),
        ("Ｕｎｉｔｅｄ Nations", "United Nations"),
        ("Science, Technology & Innovation", "Science Technology Innovation"),
        ("Agência", "Age\u0302ncia"),
        ("Ελλάδα", "ΕΛΛΑΔΑ"),
    ],
)
def test_spellings_of_one_name_share_their_key(one: str, other: str) -> None:
    assert comparison_key(one) == comparison_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("UNDP", "UNEP"),
        ("United Nations", "UnitedNations"),
        ("กา", "กิ"),
        ("की", "का"),
    ],
)
def test_other_names_have_another_key(one: str, other: str) -> None:
    assert comparison_key(one) != comparison_key(other)


@given(st.text(max_size=60))
def test_the_key_of_a_key_is_itself(name: str) -> None:
    key = comparison_key(name)
    assert comparison_key(key) == key


@given(st.text(max_size=60), st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_the_way_a_name_was_typed_does_not_count(name: str, form: str) -> None:
    assert comparison_key(unicodedata.normalize(form, name)) == comparison_key(name)  # type: ignore[arg-type]


@given(st.text(alphabet="abcdeéèêàçñöüABCXYZ '-.,0123456789", max_size=60))
def test_case_punctuation_and_spacing_do_not_count(name: str) -> None:
    assert comparison_key(f" .{name.upper()}  ") == comparison_key(name)


def stored(
    session: Session, name: str, acronym: str | None = None, status: Status = Status.SUBMITTED
) -> Institution:
    institution, _ = institutions.register(
        session,
        Profile(name=name, acronym=acronym, organisation_type="40", subtype="un_entity"),
        PersonDraft(name="Ana Souza", email="ana@example.org"),
        utc_now(),
    )
    institution.status = status
    session.flush()
    return institution


def test_an_institution_of_the_same_name_or_acronym_is_a_possible_duplicate(
    session: Session,
) -> None:
    subject = stored(session, "World Food Programme", "WFP")
    same_name = stored(session, "WORLD FOOD-PROGRAMME")
    same_acronym = stored(session, "Another Programme", "W.F.P")
    spelt_alike = stored(session, "Wfp Programme", "wfp")
    stored(session, "United Nations Volunteers", "UNV")

    found = possible_duplicates(session, subject)

    assert same_name in found
    assert spelt_alike in found
    assert same_acronym not in found, "W.F.P is three words"
    assert subject not in found


def test_a_rejected_registration_is_no_duplicate_of_anything(session: Session) -> None:
    subject = stored(session, "World Food Programme", "WFP")
    stored(session, "World Food Programme", "WFP", Status.REJECTED)

    assert list(possible_duplicates(session, subject)) == []


def test_institutions_without_an_acronym_do_not_resemble_each_other(session: Session) -> None:
    subject = stored(session, "World Food Programme")
    stored(session, "United Nations Volunteers")

    assert list(possible_duplicates(session, subject)) == []
