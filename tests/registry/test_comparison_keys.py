"""What two spellings of one name share in one script."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.duplicates import comparison_key


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
