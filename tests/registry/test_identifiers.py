"""Which identifiers there can be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.identifiers import checked, known_scheme

ROR = "03yrm5c26"
ISNI = "000000012150090X"
LEI = "5493001KJTIIGC8Y1R12"


@pytest.mark.parametrize(
    ("scheme", "value", "kept"),
    [
        ("XI-ROR", ROR, ROR),
        ("XI-ROR", "https://ror.org/03YRM5C26", ROR),
        ("XI-ROR", "ror.org/05dxps055", "05dxps055"),
        ("XI-ROR", "XI-ROR-05dxps055", "05dxps055"),
        ("ISNI", "0000 0001 2150 090x", ISNI),
        ("ISNI", "0000-0001-2150-090X", ISNI),
        ("ISNI", "https://isni.org/isni/000000012150090X", ISNI),
        ("XI-LEI", LEI, LEI),
        ("XI-LEI", LEI.lower(), LEI),
        ("XI-WIKIDATA", "Q82151", "Q82151"),
        ("XI-GRID", "grid.1234.5a", "grid.1234.5a"),
        ("XI-DUNS", "242183440", "242183440"),
        ("XM-DAC", "XM-DAC-41114", "41114"),
        ("XM-OCHA", "FTS8908", "FTS8908"),
        ("BD-NAB", "1234/56", "1234/56"),
    ],
)
def test_a_good_identifier_is_kept_in_one_form(scheme: str, value: str, kept: str) -> None:
    assert checked(scheme, value) == kept


@pytest.mark.parametrize(
    ("scheme", "value"),
    [
        ("XI-ROR", "03yrm5c27"),
        ("XI-ROR", "13yrm5c26"),
        ("XI-ROR", "03yrm5c2"),
        ("XI-ROR", "03yrm5c２6"),
        ("XI-ROR", "https://example.org/03yrm5c26"),
        ("ISNI", "0000000121500901"),
        ("ISNI", "00000001215009"),
        ("ISNI", "X000000121500900"),
        ("XI-LEI", "5493001KJTIIGC8Y1R13"),
        ("XI-LEI", "5493001"),
        ("XI-WIKIDATA", "P31"),
        ("XI-WIKIDATA", "Q0"),
        ("XI-GRID", "1234.5a"),
        ("XI-DUNS", "24218344"),
        ("XM-DAC", "UNDP"),
        ("BD-NAB", ""),
        ("BD-NAB", "12 34"),
        ("BD-NAB", "12\u00a034"),
        ("BD-NAB", "x" * 101),
    ],
)
def test_a_bad_identifier_is_refused_in_words(scheme: str, value: str) -> None:
    with pytest.raises(ValueError, match=r"\.$|: "):
        checked(scheme, value)


@given(st.integers(1, 7), st.sampled_from("0123456789abcdefghjkmnpqrstvwxyz"))
def test_one_wrong_letter_of_a_ror_id_is_noticed(place: int, letter: str) -> None:
    mistyped = ROR[:place] + letter + ROR[place + 1 :]
    if mistyped != ROR:
        with pytest.raises(ValueError, match="ROR"):
            checked("XI-ROR", mistyped)


@given(st.integers(0, 15), st.sampled_from("0123456789X"))
def test_one_wrong_digit_of_an_isni_is_noticed(place: int, digit: str) -> None:
    mistyped = ISNI[:place] + digit + ISNI[place + 1 :]
    if mistyped != ISNI:
        with pytest.raises(ValueError, match="ISNI"):
            checked("ISNI", mistyped)


@given(st.integers(0, 18))
def test_two_neighbours_swapped_in_an_lei_are_noticed(place: int) -> None:
    swapped = LEI[:place] + LEI[place + 1] + LEI[place] + LEI[place + 2 :]
    if swapped != LEI:
        with pytest.raises(ValueError, match="LEI"):
            checked("XI-LEI", swapped)


@pytest.mark.parametrize("scheme", ["ISNI", "XI-ROR", "XM-DAC", "BD-NAB", "GB-COH", "AE-AJ-CR"])
def test_a_list_of_the_register_or_of_a_country_is_known(scheme: str) -> None:
    assert known_scheme(scheme)


@pytest.mark.parametrize("scheme", ["", "ROR", "XX-COH", "XI-NONE", "gb-coh", "GB", "GB-", "GB-é"])
def test_another_scheme_is_not_known(scheme: str) -> None:
    assert not known_scheme(scheme)
