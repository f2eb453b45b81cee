"""Wording: sentences, dates, lists and hours as the reader's language writes them."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from services.notifier import criteria, criteria_names
from services.notifier.languages import direction, translations
from services.notifier.vocabulary import Frequency, TargetKind

if TYPE_CHECKING:
    from babel import Locale

_REGIONS = {"en": "en_GB"}
"""Where the date formats of the United Nations are those of one country."""


class Wording:
    """How one language says things; get one from `wording`."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.direction = direction(language)
        texts = translations(language)
        self.gettext = texts.gettext
        self.ngettext = texts.ngettext
        self.pgettext = texts.pgettext
        self.npgettext = texts.npgettext

    def name(self, text: str) -> str:
        """Return a name for a sentence; from right to left it is set apart, so that it keeps its
        own direction and leaves that of the numbers beside it alone (UAX 9, isolates)."""
        return f"\u2068{text}\u2069" if text and self.direction == "rtl" else text

    def long_date(self, day: date) -> str:
        """Return the date in words: ``15 December 2020``."""
        return self._date(day, "long")

    def moment(self, local: datetime) -> str:
        """Return the weekday, date, hour and zone of a local time."""
        return self.gettext("%(day)s, %(time)s, %(zone)s") % {
            "day": self._date(local.date(), "full"),
            "time": f"{local:%H:%M}",
            "zone": self.zone_name(str(local.tzinfo)),
        }

    def listed(self, names: Sequence[str]) -> str:
        """Return the names in a sentence: ``FAO, ILO and WFP``."""
        from babel.lists import format_list

        return format_list(names, locale=self._locale) if names else ""

    def one_of(self, names: Sequence[str]) -> str:
        """Return the names of which any will do: ``Bangladesh, Bhutan or Nepal``."""
        from babel.lists import format_list

        return format_list(names, style="or", locale=self._locale) if names else ""

    def country(self, code: str) -> str | None:
        """Return the name of a country (ISO 3166-1 alpha-2)."""
        return self._locale.territories.get(code)

    def language_name(self, code: str) -> str | None:
        """Return the name of a language (ISO 639)."""
        return self._locale.languages.get(code)

    def some(self, names: Sequence[str]) -> str:
        """Return up to three names; of more, two and how many there are besides."""
        if len(names) <= 3:
            return self.listed(names)
        more = len(names) - 2
        return self.ngettext(
            "%(first)s, %(second)s and %(number)d more",
            "%(first)s, %(second)s and %(number)d more",
            more,
        ) % {"first": names[0], "second": names[1], "number": more}

    def weekday(self, number: int) -> str:
        """Return the name of a day, from 1 (Monday) to 7."""
        return str(self._locale.days["stand-alone"]["wide"][number - 1])

    def zone_name(self, time_zone: str) -> str:
        """Return how people call the zone: ``Bangkok time``, ``UTC``."""
        from babel.dates import get_timezone_location

        if time_zone.rpartition("/")[2] in {"UTC", "UCT", "Universal", "Zulu"}:
            return "UTC"
        if time_zone.startswith("Etc/"):
            return time_zone.removeprefix("Etc/")
        city = get_timezone_location(time_zone, locale=self._locale, return_city=True)
        return self.gettext("%(city)s time") % {"city": city.rpartition("/")[2]}

    def emails(self, frequency: Frequency) -> str:
        """Return what is sent at a frequency: ``daily e-mails``."""
        match frequency:
            case Frequency.IMMEDIATE:
                return self.gettext("immediate e-mails")
            case Frequency.DAILY:
                return self.gettext("daily e-mails")
            case Frequency.WEEKLY:
                return self.gettext("weekly e-mails")
            case Frequency.MONTHLY:
                return self.gettext("monthly e-mails")
            case Frequency.NEVER:
                return self.gettext("no e-mails")

    def how_soon(self, frequency: Frequency) -> str:
        """Return the name of a frequency where one is chosen."""
        return {
            Frequency.IMMEDIATE: self.gettext("At once"),
            Frequency.DAILY: self.gettext("Daily"),
            Frequency.WEEKLY: self.gettext("Weekly"),
            Frequency.MONTHLY: self.gettext("Monthly"),
            Frequency.NEVER: self.gettext("Never"),
        }[frequency]

    def rhythm(self, frequency: Frequency, time_zone: str, hour: int, weekday: int) -> str:
        """Return when e-mails of this frequency come, in a sentence's words."""
        at = {"hour": f"{hour:02}:00", "zone": self.zone_name(time_zone)}
        match frequency:
            case Frequency.IMMEDIATE:
                return self.gettext("as soon as something happens")
            case Frequency.DAILY:
                return self.gettext("every day at %(hour)s %(zone)s") % at
            case Frequency.WEEKLY:
                return self._every_week(weekday) % at
            case Frequency.MONTHLY:
                return self._every_month(weekday) % at
            case Frequency.NEVER:
                return self.gettext("never")

    def target(self, kind: TargetKind, title: str | None) -> str:
        """Return how to call in a sentence what somebody follows; without a title it is gone.

        The title of needs and offers is the key of their criteria.
        """
        if title is None:
            return self.gettext("something that is no longer there")
        called = {
            TargetKind.EVERYTHING: self.gettext("everything on Southlink"),
            TargetKind.THEME: self.gettext("the theme %(title)s") % {"title": self.name(title)},
            TargetKind.GROUP: self.gettext("the group %(title)s") % {"title": self.name(title)},
            TargetKind.UPDATE_KIND: self._every_update(title),
        }
        if kind in (TargetKind.NEEDS, TargetKind.OFFERS):
            return self._support(kind, title)
        return called.get(kind, self.name(title))

    def _support(self, kind: TargetKind, key: str) -> str:
        chosen = criteria_names.in_words(criteria.of_key(key), self)
        if not chosen:
            every = self.gettext("all needs"), self.gettext("all offers")
            return every[kind is TargetKind.OFFERS]
        some = self.gettext("needs (%(criteria)s)"), self.gettext("offers (%(criteria)s)")
        return some[kind is TargetKind.OFFERS] % {"criteria": chosen}

    def _every_week(self, weekday: int) -> str:
        # Whole sentences: in Russian and Arabic the day changes its form within one.
        return (
            self.gettext("every Monday at %(hour)s %(zone)s"),
            self.gettext("every Tuesday at %(hour)s %(zone)s"),
            self.gettext("every Wednesday at %(hour)s %(zone)s"),
            self.gettext("every Thursday at %(hour)s %(zone)s"),
            self.gettext("every Friday at %(hour)s %(zone)s"),
            self.gettext("every Saturday at %(hour)s %(zone)s"),
            self.gettext("every Sunday at %(hour)s %(zone)s"),
        )[weekday - 1]

    def _every_month(self, weekday: int) -> str:
        return (
            self.gettext("on the first Monday of each month at %(hour)s %(zone)s"),
            self.gettext("on the first Tuesday of each month at %(hour)s %(zone)s"),
            self.gettext("on the first Wednesday of each month at %(hour)s %(zone)s"),
            self.gettext("on the first Thursday of each month at %(hour)s %(zone)s"),
            self.gettext("on the first Friday of each month at %(hour)s %(zone)s"),
            self.gettext("on the first Saturday of each month at %(hour)s %(zone)s"),
            self.gettext("on the first Sunday of each month at %(hour)s %(zone)s"),
        )[weekday - 1]

    def _every_update(self, kind: str) -> str:
        return {
            "initiative": self.gettext("every initiative"),
            "opportunity": self.gettext("every opportunity"),
            "challenge": self.gettext("every challenge"),
            "resource": self.gettext("every resource"),
            "decision": self.gettext("every decision"),
            "news": self.gettext("all news"),
        }.get(kind, kind)

    def _date(self, day: date, form: str) -> str:
        return _date(self, day, form)

    def _written_date(self, day: date, form: str) -> str:
        from babel.dates import format_date

        text = format_date(day, form, locale=self._locale)
        if self.language == "ar":
            # The United Nations give a month both its names in Arabic.
            month, levantine = (
                format_date(day, "MMMM", locale=locale) for locale in (self._locale, "ar_LB")
            )
            return text.replace(month, f"{levantine}/{month}")
        if self.language == "fr" and day.day == 1:
            return text.replace("1 ", "1er ", 1)
        return text.replace(",", "", 1) if self.language == "en" else text

    @property
    def _locale(self) -> "Locale":
        return _locale(_REGIONS.get(self.language, self.language))


@lru_cache(1024)
def _date(words: Wording, day: date, form: str) -> str:
    return words._written_date(day, form)  # Babel reads its pattern anew each time.


@cache
def wording(language: str) -> Wording:
    """Return how one of the six languages says things."""
    return Wording(language)


@cache
def _locale(name: str) -> "Locale":
    from babel import Locale

    return Locale.parse(name)
