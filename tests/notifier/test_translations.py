"""The catalogues: everything that is said has a translation into each language, and a sound one."""

import re
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from babel.messages.catalog import Catalog, Message

from services.notifier.catalogues import gathered, kept
from services.notifier.languages import LANGUAGES, TRANSLATED, accepted, translations, written
from services.notifier.vocabulary import Frequency
from services.notifier.wording import wording

_PLACES = re.compile(r"%\(\w+\)[ds]")
_TAGS = re.compile(r"<[^>]+>")

UPDATE = "Run `make messages` and write the translations in services/notifier/locale."


@pytest.fixture(scope="module")
def said() -> Catalog:
    return gathered()


@pytest.fixture(params=TRANSLATED)
def catalogue(request: pytest.FixtureRequest) -> Catalog:
    return kept(request.param)


def texts(catalogue: Catalog) -> Iterator[Message]:
    return (message for message in catalogue if message.id)


def key(message: Message) -> tuple[str | None, str]:
    one = message.id if isinstance(message.id, str) else message.id[0]
    return message.context, one


def forms(message: Message) -> list[tuple[str, str]]:
    """Return each text with each of its translations."""
    if isinstance(message.id, str):
        return [(message.id, str(message.string))]
    return [(message.id[1], form) for form in message.string or ()]


def test_a_catalogue_has_what_is_said_and_nothing_else(said: Catalog, catalogue: Catalog) -> None:
    missing = {key(each) for each in texts(said)} - {key(each) for each in texts(catalogue)}
    unsaid = {key(each) for each in texts(catalogue)} - {key(each) for each in texts(said)}
    assert not missing, UPDATE
    assert not unsaid, UPDATE


def test_every_text_has_all_its_translations(catalogue: Catalog) -> None:
    for message in texts(catalogue):
        assert not message.fuzzy, key(message)
        if not isinstance(message.id, str):
            assert len(forms(message)) == catalogue.num_plurals, key(message)
        assert all(form.strip() for _, form in forms(message)), (key(message), UPDATE)


def test_a_translation_fills_the_same_places_with_the_same_marks(catalogue: Catalog) -> None:
    for message in texts(catalogue):
        for text, form in forms(message):
            wanted, found = set(_PLACES.findall(text)), set(_PLACES.findall(form))
            # One and two are words of their own in Arabic.
            missing = {place for place in wanted - found if not place.startswith("%(number)")}
            assert not missing, key(message)
            assert isinstance(message.id, tuple) or found == wanted, key(message)
            assert found <= wanted, key(message)
            assert sorted(_TAGS.findall(text)) == sorted(_TAGS.findall(form)), key(message)


def test_a_singular_message_never_drops_its_number(catalogue: Catalog) -> None:
    for message in texts(catalogue):
        if isinstance(message.id, str):
            assert message.id.count("%(number)") == str(message.string).count("%(number)")


@pytest.mark.parametrize(
    ("language", "number", "sentence"),
    [
        ("en", 1, "1 thing is new in what you follow."),
        ("fr", 0, "Il y a 0 nouveauté dans ce que vous suivez."),
        ("fr", 2, "Il y a 2 nouveautés dans ce que vous suivez."),
        ("ru", 21, "В том, за чем вы следите, 21 новость."),
        ("ru", 3, "В том, за чем вы следите, 3 новости."),
        ("ru", 11, "В том, за чем вы следите, 11 новостей."),
        ("ar", 2, "هناك مستجدان اثنان فيما تتابعونه."),
        ("ar", 7, "هناك 7 مستجدات فيما تتابعونه."),
        ("ar", 11, "هناك 11 مستجدا فيما تتابعونه."),
        ("ar", 100, "هناك 100 مستجد فيما تتابعونه."),
        ("zh", 5, "您关注的内容有5项新动态。"),
    ],
)
def test_numbers_take_the_plural_of_the_language(language: str, number: int, sentence: str) -> None:
    one, many = (
        "%(number)d thing is new in what you follow.",
        "%(number)d things are new in what you follow.",
    )
    assert translations(language).ngettext(one, many, number) % {"number": number} == sentence


@pytest.mark.parametrize(
    ("language", "moment"),
    [
        ("en", "Tuesday 1 December 2020, 08:00, Bangkok time"),
        ("ar", "الثلاثاء، 1 كانون الأول/ديسمبر 2020، 08:00، توقيت بانكوك"),
        ("es", "martes, 1 de diciembre de 2020, 08:00, hora de Bangkok"),
        ("fr", "mardi 1er décembre 2020, 08:00, heure de Bangkok"),
        ("ru", "вторник, 1 декабря 2020 г., 08:00, время города Бангкок"),
        ("zh", "2020年12月1日星期二 08:00，曼谷时间"),
    ],
)
def test_dates_are_written_as_the_united_nations_write_them(language: str, moment: str) -> None:
    local = datetime(2020, 12, 1, 8, tzinfo=ZoneInfo("Asia/Bangkok"))
    assert " ".join(wording(language).moment(local).split()) == moment


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rhythm_can_be_said(language: str) -> None:
    words = wording(language)
    said = {
        words.rhythm(frequency, "Asia/Bangkok", 8, weekday)
        for frequency in Frequency
        for weekday in range(1, 8)
    }
    assert len(said) == 3 + 7 + 7


@pytest.mark.parametrize(
    ("tag", "language"),
    [("fr", "fr"), ("zh-Hant", "zh"), ("es-419", "es"), ("pt", "en"), (None, "en"), ("", "en")],
)
def test_a_reader_gets_the_nearest_of_the_six_languages(tag: str | None, language: str) -> None:
    assert written(tag) == language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("fr-CH, fr;q=0.9, en;q=0.8, *;q=0.5", "fr"),
        ("pt-BR, es;q=0.4, ru;q=0.7", "ru"),
        ("de", "en"),
        ("ar;q=0, es", "es"),
        ("zh;q=much", "en"),
        ("", "en"),
    ],
)
def test_an_unknown_reader_gets_the_language_of_the_browser(header: str, language: str) -> None:
    assert accepted(header) == language
