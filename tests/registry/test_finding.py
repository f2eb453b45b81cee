"""What is found by which words, the same on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.registry.permissions import Sight
from services.registry.search_cards import new_catalogue
from services.registry.settings import SERVICE
from shared.database import Database
from shared.events.catalogue import REGISTRY
from shared.outbox import start_history
from shared.search.catalogue import Catalogue
from shared.search.finding import Question, Sort
from tests.registry.shelf import found_ids, found_names, put

IVOIRE = "Côte d'Ivoire Cooperation Agency"
WFP = "World Food Programme"
FAO = "Food and Agriculture Organization"
FRIENDS = "Friends of FAO"
SECURITY = "Ministry of Agriculture and Food Security"
DIOP = "Université Cheikh Anta Diop"
VOLUNTEERS = "U.N. Volunteers"
SOLAR = "100% Solar"
CHINA = "中国国际发展合作署"
THAILAND = "กรมความร่วมมือระหว่างประเทศ"
RUSSIA = "Министерство сельского хозяйства"
ARABIC = "وزارة الصحة"
INDIA = "विकास साझेदारी प्रशासन"
STRASSE = "Straße der Zusammenarbeit"
NUTRITION = "Institute of Nutrition"
ACCRA = "Accra Institute"
HIDDEN = "Hidden Food Bank"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shelf(request: pytest.FixtureRequest) -> Iterator[tuple[Database, Catalogue]]:
    """The institutions of this module on each database, and the service's catalogue of them."""
    server = request.getfixturevalue(f"{request.param.removesuffix('ql')}_server")
    database = Database(server.migrated(SERVICE.migrations))
    with database.write() as session:
        start_history(session, REGISTRY)
        put(
            session,
            IVOIRE,
            "CICA",
            others={
                "Agence ivoirienne de coopération": "alias",
                "Ivorian Aid Office": "former",
                "A.I.C.": "acronym",
            },
        )
        put(
            session,
            WFP,
            "WFP",
            descriptions={
                "en": "Delivers meals.\nIn emergencies",
                "fr": "Des repas à l'école",
            },
        )
        put(session, FRIENDS)
        put(session, FAO, "FAO")
        put(session, SECURITY)
        put(session, DIOP, "UCAD")
        put(session, VOLUNTEERS, "UNV")
        put(session, SOLAR)
        for name in (CHINA, THAILAND, RUSSIA, ARABIC, INDIA, STRASSE):
            put(session, name)
        put(session, NUTRITION, descriptions={"en": "Studies the food of villages near Accra."})
        put(session, ACCRA)
        put(session, HIDDEN, "HFB", status="submitted")
    yield database, new_catalogue()
    database.close()


FOUND = {
    "cote d'ivoire": [IVOIRE],
    "Cote d'Ivoire": [IVOIRE],
    "CÔTE D’IVOIRE": [IVOIRE],
    "Co\u0302te d ivoire": [IVOIRE],
    "cote divoire": [IVOIRE],
    "ivoire": [IVOIRE],
    "agency cooperation ivoire cote": [IVOIRE],
    "agence ivoirienne": [IVOIRE],
    "aid ivorian": [IVOIRE],
    "aic": [IVOIRE],
    "A.I.C.": [IVOIRE],
    "cica": [IVOIRE],
    "un volunteers": [VOLUNTEERS],
    "U.N.": [VOLUNTEERS, DIOP],
    "unvolunteers": [VOLUNTEERS],
    "universite cheikh": [DIOP],
    "wold food programme": [WFP],
    "wrold fodo programme": [WFP],
    "univercity": [DIOP],
    "universite cheik anta diup": [DIOP],
    "agricluture organization": [FAO],
    "organisation": [FAO],
    "coperaton agency": [IVOIRE],
    "cooopreation agency": [IVOIRE],
    "minist": [SECURITY],
    "minsit": [SECURITY],
    "min agr foo": [SECURITY],
    "vo": [VOLUNTEERS],
    "o": [],
    "wfb": [],
    "repas ecole": [WFP],
    "lecole": [WFP],
    "emergencies meals": [WFP],
    "emergancies": [WFP],
    "world meals": [WFP],
    "food": [FAO, SECURITY, WFP, HIDDEN, NUTRITION],
    "fao": [FAO, FRIENDS],
    "accra": [ACCRA, NUTRITION],
    "institute": [ACCRA, NUTRITION],
    "institute of nutrition": [NUTRITION],
    "strasse": [STRASSE],
    "STRASSE DER": [STRASSE],
    "合作": [CHINA],
    "发展合作署": [CHINA],
    "国": [CHINA],
    "合发": [],
    "ความร่วมมือ": [THAILAND],
    "сельского": [RUSSIA],
    "СЕЛЬСКАГО министерство": [RUSSIA],
    "الصحة": [ARABIC],
    "साझेदारी": [INDIA],
    "100": [SOLAR],
    "100%": [SOLAR],
    "ＷＦＰ": [WFP],
}


@pytest.mark.parametrize("words", list(FOUND), ids=range(len(FOUND)))
def test_institutions_are_found_by_words(shelf: tuple[Database, Catalogue], words: str) -> None:
    names = found_names(*shelf, Question(words, sort=Sort.RELEVANCE))

    if words == "food":
        assert names[:-1] == sorted(names[:-1], key=str.casefold), "names before descriptions"
        assert set(names) == set(FOUND[words])
        assert names[-1] == NUTRITION
    else:
        assert names == FOUND[words]


def test_pages_by_relevance_go_on_from_one_rank_to_the_next(
    shelf: tuple[Database, Catalogue],
) -> None:
    for words in ("food", "fao", "accra", "u.n.", "institute"):
        question = Question(words, sort=Sort.RELEVANCE)
        whole = found_ids(*shelf, question)
        assert len(whole) > 1
        assert found_ids(*shelf, question, limit=1) == whole


NO_WORDS = ["'", '"', "%", "_", "-- ;", "*", "()", "\\", "👩🏽‍🌾", "!" * 200, "&|!:", "^", "{}"]


@pytest.mark.parametrize("words", NO_WORDS, ids=range(len(NO_WORDS)))
def test_signs_alone_find_nothing(shelf: tuple[Database, Catalogue], words: str) -> None:
    assert found_names(*shelf, Question(words, sort=Sort.RELEVANCE)) == []


SYNTAX = [
    '"world" food',
    "world -food",
    "world* food*",
    "+world +food",
    "(world food",
    "world) food",
    "names : world food",
    "{names} : world, food",
    "'world':* & 'food'",
    "world:A food",
    "world \\ food",
    "^world ^food",
    "'world' ''food''",
    "world & !food",
    "NEAR(world food, 5)",
    "world AND food",
    "world OR food",
    "world NOT food",
    "world NEAR food",
    "world <-> food",
]


@pytest.mark.parametrize("words", SYNTAX, ids=range(len(SYNTAX)))
def test_the_syntax_of_a_database_is_nothing_but_words(
    shelf: tuple[Database, Catalogue], words: str
) -> None:
    names = found_names(*shelf, Question(words, sort=Sort.RELEVANCE))

    extra = {"near", "and", "or", "not", "names", "5"} & set(
        "".join(c if c.isalnum() else " " for c in words.casefold()).split()
    )
    assert names == ([] if extra else [WFP])


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_whatever_is_asked_is_answered(shelf: tuple[Database, Catalogue], words: str) -> None:
    found_names(*shelf, Question(words, sort=Sort.RELEVANCE))


def _mistyped(name: str, chance: Random) -> str:
    words = name.split()
    at = chance.choice([at for at, word in enumerate(words) if len(word) >= 5 and word.isascii()])
    word = words[at]
    place = chance.randrange(len(word) - 1)
    other = chance.choice("aeiou")
    words[at] = chance.choice(
        [
            word[:place] + word[place + 1 :],
            word[:place] + other + word[place:],
            word[:place] + other + word[place + 1 :],
            word[:place] + word[place + 1] + word[place] + word[place + 2 :],
        ]
    )
    return " ".join(words)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([IVOIRE, WFP, FAO, SECURITY, DIOP, VOLUNTEERS, STRASSE, NUTRITION, ACCRA]),
    st.randoms(use_true_random=False),
)
def test_one_typing_error_never_hides_an_institution(
    shelf: tuple[Database, Catalogue], name: str, chance: Random
) -> None:
    words = _mistyped(name, chance)

    assert name in found_names(*shelf, Question(words, sort=Sort.RELEVANCE)), words


def test_nobody_finds_what_they_may_not_see(shelf: tuple[Database, Catalogue]) -> None:
    for words in ("hidden food bank", "hfb", "hiden", None):
        question = Question(words, sort=Sort.RELEVANCE)
        assert HIDDEN in found_names(*shelf, question)
        assert HIDDEN not in found_names(*shelf, question, Sight())


def test_a_hit_out_of_sight_does_not_keep_near_words_from_being_looked_for(
    shelf: tuple[Database, Catalogue],
) -> None:
    assert found_names(*shelf, Question("fod", sort=Sort.RELEVANCE), Sight()) == []
    assert found_names(*shelf, Question("foood", sort=Sort.NAME), Sight())
