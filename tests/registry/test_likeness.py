"""How alike two names and two institutions are, whatever their language and script."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.likeness import (
    BLOCKS,
    WARNS,
    Features,
    likeness,
    name_likeness,
    word_likeness,
)
from services.registry.name_keys import search_keys
from services.registry.spelling import letters, skeleton, spelling

words = ["world", "health", "organisation", "ministère", "santé", "институт", "大学", "وزارة", "5"]
names = st.text(max_size=40) | st.lists(st.sampled_from(words), max_size=6).map(" ".join)
hosts = st.frozensets(st.sampled_from(["cirdap.org", "fao.org", "gmail.com"]))
institutions = st.builds(
    Features,
    names=st.lists(names, max_size=3).map(tuple),
    acronyms=st.lists(st.sampled_from(["WHO", "W.H.O.", "CIRDAP", "!"]), max_size=2).map(tuple),
    hosts=hosts,
    identifiers=st.frozensets(st.tuples(st.sampled_from(["ROR", "ISNI"]), st.sampled_from("12"))),
    country=st.sampled_from([None, "BD", "TH"]),
    organisation_type=st.sampled_from([None, "10", "40"]),
)


@given(names, names)
def test_it_does_not_count_which_name_comes_first(one: str, other: str) -> None:
    assert name_likeness(one, other) == name_likeness(other, one)


@given(institutions, institutions)
def test_it_does_not_count_which_institution_comes_first(one: Features, other: Features) -> None:
    assert likeness(one, other) == likeness(other, one)


@given(institutions, institutions)
def test_a_score_lies_between_0_and_1_and_has_reasons(one: Features, other: Features) -> None:
    found = likeness(one, other)
    assert 0 <= found.score <= 1
    assert bool(found.reasons) >= (found.score >= WARNS)


@given(names.filter(str.strip))
def test_a_name_is_entirely_like_itself(name: str) -> None:
    assert name_likeness(name, name).score == 1.0


@given(
    st.lists(st.text("abcdefgéèüñço", min_size=2, max_size=9), min_size=1, max_size=6),
    st.randoms(use_true_random=False),
)
def test_order_case_and_accents_do_not_count(words: list[str], chance: Random) -> None:
    other = chance.sample(words, len(words))
    plain = " ".join(other).upper().translate(str.maketrans("ÉÈÜÑÇ", "EEUNC"))
    assert name_likeness(" ".join(words), plain).score == 1.0


@given(names, names)
def test_names_that_are_entirely_alike_are_found_by_one_another(one: str, other: str) -> None:
    if name_likeness(one, other).score == 1.0 and spelling(one).words:
        assert search_keys(Features(names=(one,))) & search_keys(Features(names=(other,)))


@given(st.text(max_size=200))
def test_whatever_is_typed_is_spelt_in_latin_letters_and_has_a_key(name: str) -> None:
    for word in spelling(name).words:
        assert word
        assert set(word) <= set("abcdefghijklmnopqrstuvwxyz0123456789")
        assert skeleton(word)
    assert letters(name).isascii()
    assert search_keys(Features(names=(name,)))


@pytest.mark.parametrize(
    "other",
    [
        "Organisation mondiale de la Santé",
        "Organización Mundial de la Salud",
        "Всемирная организация здравоохранения",
        "منظمة الصحة العالمية",
        "世界卫生组织",
        "Organization, World Health",
    ],
)
def test_a_name_is_recognised_in_the_languages_of_the_united_nations(other: str) -> None:
    found = name_likeness("World Health Organization", other)

    assert found.score == 1.0
    assert found.reasons == ("the names are the same but for how they are written",)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Лаборатория Вавилова", "Laboratoriya Vavilova"),
        ("Ινστιτούτο Παστέρ", "Institouto Paster"),
        ("معهد الكويت", "Maahad al-Kuwayt"),
        ("北京协和", "Beijing Xiehe"),
        ("ירושלים", "YRVSHLYM"),
    ],
)
def test_a_name_is_recognised_in_latin_letters(one: str, other: str) -> None:
    assert name_likeness(one, other).score >= WARNS


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("World Food Programme", "World Food Programe"),
        ("World Food Programme", "Wrold Food Programme"),
        ("United Nations Development Programme", "UN Development Program"),
        ("International Organization for Migration", "Intl. Org. for Migration"),
        ("Centre on Integrated Rural Development", "Integrated Rural Developement Centre"),
        ("Samarkand State University", "Samarqand State University"),
        ("Karolinska Institutet", "KarolinskaInstitutet"),
    ],
)
def test_a_slip_or_a_short_form_still_blocks(one: str, other: str) -> None:
    assert name_likeness(one, other).score >= BLOCKS


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ministry of Health of Kenya", "Ministry of Health of Uganda"),
        ("United Nations Development Programme", "United Nations Environment Programme"),
        ("Ministry of Health", "Ministry of Education"),
        ("Regional Office 5", "Regional Office 6"),
        ("University of Vienna", "University of Nairobi"),
    ],
)
def test_what_only_sounds_alike_does_not_warn(one: str, other: str) -> None:
    assert name_likeness(one, other).score < WARNS


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ministry of Health", "Ministry of Wealth"),
        ("Bank of Austria", "Bank of Australia"),
        ("University of Munich", "Technical University of Munich"),
        ("Middle School 14 of Tashkent", "Middle School 15 of Tashkent"),
    ],
)
def test_what_may_be_another_is_shown_and_blocks_nothing(one: str, other: str) -> None:
    assert WARNS <= name_likeness(one, other).score < BLOCKS


@pytest.mark.parametrize(("one", "other"), [("2030", "2031"), ("un", "in"), ("health", "trade")])
def test_other_words_are_not_alike(one: str, other: str) -> None:
    assert word_likeness(one, other) == 0.0


WHO = Features(
    names=("World Health Organization",),
    acronyms=("WHO",),
    hosts=frozenset({"who.int"}),
    identifiers=frozenset({("ROR", "01f80g185")}),
    country="CH",
    organisation_type="40",
)


@pytest.mark.parametrize(
    ("other", "score", "reason"),
    [
        (Features(names=("Public Care",), acronyms=("W.H.O.",)), 0.6, "same acronym W.H.O."),
        (
            Features(names=("WHO",)),
            0.9,
            "the name of one, WHO, is the acronym of the other",
        ),
        (
            Features(names=("World House of Olives",)),
            0.5,
            "the acronym WHO is the initials of the other's name",
        ),
        (
            Features(names=("Geneva Care",), hosts=frozenset({"who.int"})),
            0.6,
            "same website or e-mail domain who.int",
        ),
        (
            Features(names=("Geneva Care",), identifiers=frozenset({("ROR", "01f80g185")})),
            1.0,
            "same ROR identifier 01f80g185",
        ),
    ],
)
def test_each_sign_has_its_weight_and_is_told(other: Features, score: float, reason: str) -> None:
    found = likeness(WHO, other)

    assert found.score == pytest.approx(score, abs=0.1)
    assert reason in found.reasons


def test_signs_add_up() -> None:
    both = Features(names=("Geneva Care",), acronyms=("WHO",), hosts=frozenset({"who.int"}))
    assert likeness(WHO, both).score == 0.84


def test_bodies_of_two_governments_may_have_one_name() -> None:
    kenya = Features(names=("Ministry of Health",), country="KE", organisation_type="10")
    uganda = Features(names=("Ministry of Health",), country="UG", organisation_type="10")
    unsaid = Features(names=("Ministry of Health",))

    assert likeness(kenya, uganda).score < WARNS
    assert likeness(kenya, unsaid).score == 1.0
    assert likeness(kenya, kenya).score == 1.0


def test_another_country_or_another_identifier_lets_one_name_only_warn() -> None:
    abroad = Features(names=WHO.names, country="FR", organisation_type="40")
    numbered = Features(names=WHO.names, identifiers=frozenset({("ROR", "other")}), country="CH")

    assert WARNS <= likeness(WHO, abroad).score < BLOCKS
    assert "but the countries differ: CH and FR" in likeness(WHO, abroad).reasons
    assert WARNS <= likeness(WHO, numbered).score < BLOCKS
    assert "but the ROR identifiers differ" in likeness(WHO, numbered).reasons


def test_an_address_that_anybody_can_have_says_nothing() -> None:
    one = Features(names=("Amani",), hosts=frozenset({"gmail.com"}))
    other = Features(names=("Zuri",), hosts=frozenset({"gmail.com"}))

    assert likeness(one, other).score == 0.0


def test_each_of_the_names_counts() -> None:
    renamed = Features(names=("Institute of Peace", "World Health Organization"))

    assert likeness(WHO, renamed).score == 1.0
