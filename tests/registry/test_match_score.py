"""The score of a match: its laws, and its words."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.registry.match_score import (
    WEIGHTS,
    Amount,
    Part,
    Score,
    Terms,
    excludes,
    score,
    total,
)
from shared.ids import new_id

RECIPIENT, PROVIDER = new_id(), new_id()
EARLY = st.none() | st.dates(date(2026, 1, 1), date(2027, 6, 1))
LATE = st.none() | st.dates(date(2027, 6, 1), date(2029, 12, 31))
VOLUMES = st.none() | st.builds(
    Amount, st.integers(1, 100), st.sampled_from(["people", "days"]), st.none()
)


def codes(*names: str) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(names))


def terms(institution_id: UUID) -> st.SearchStrategy[Terms]:
    """Any two of these, of two institutions, fit each other more or less."""
    return st.builds(
        Terms,
        institution_id=st.just(institution_id),
        kind=st.just("training"),
        themes=codes("entrepreneurship", "recovery").map(lambda named: named | {"digital"}),
        sdgs=codes("1", "2", "17"),
        countries=st.just(frozenset()) | codes("NP", "TH").map(lambda named: named | {"BD"}),
        languages=codes("en", "fr"),
        starts_on=EARLY,
        ends_on=LATE,
        volume=VOLUMES,
    )


needs, offers = terms(RECIPIENT), terms(PROVIDER)
strangers = st.builds(
    Terms,
    institution_id=st.sampled_from([RECIPIENT, PROVIDER]),
    kind=st.sampled_from(["training", "funding"]),
    themes=codes("digital", "recovery"),
    countries=codes("BD", "NP"),
    starts_on=EARLY,
)
few = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])

FULL = Terms(
    institution_id=RECIPIENT,
    kind="training",
    themes=frozenset({"digital-transformation", "entrepreneurship", "recovery"}),
    sdgs=frozenset({"2", "17"}),
    countries=frozenset({"BD", "NP"}),
    languages=frozenset({"en", "fr"}),
    starts_on=date(2027, 1, 1),
    ends_on=date(2027, 12, 31),
    volume=Amount(100, "people"),
)
PERFECT = replace(FULL, institution_id=PROVIDER)


def fit(need: Terms, offer: Terms) -> Score:
    found = score(need, offer)
    assert found is not None
    return found


def test_the_weights_are_a_whole() -> None:
    assert set(WEIGHTS) == set(Part)
    assert sum(WEIGHTS.values()) == 100
    assert all(weight > 0 for weight in WEIGHTS.values())


@few
@given(needs, offers)
def test_a_score_is_from_0_to_1_and_is_what_its_components_say(need: Terms, offer: Terms) -> None:
    found = fit(need, offer)
    assert 0 <= found.value <= 1
    assert [component.part for component in found.components] == list(Part)
    assert all(0 <= component.value <= 1 for component in found.components)
    told = sum(component.weight * component.value for component in found.components)
    assert found.value == pytest.approx(told, abs=1e-4)


@few
@given(st.fixed_dictionaries({part: st.floats(0, 1) for part in Part}), st.sampled_from(Part))
def test_no_component_that_grows_lowers_the_score(values: dict[Part, float], part: Part) -> None:
    assert total({**values, part: 1.0}) >= total(values) >= total({**values, part: 0.0})


@few
@given(needs, offers, st.sampled_from(["themes", "sdgs", "languages"]))
def test_an_offer_that_names_more_fits_no_worse(need: Terms, offer: Terms, field: str) -> None:
    before = fit(need, offer)
    more = replace(offer, **{field: getattr(offer, field) | getattr(need, field)})
    assert fit(need, more).value >= before.value


@few
@given(needs, offers, st.integers(1, 400))
def test_an_offer_that_lasts_longer_or_gives_more_fits_no_worse(
    need: Terms, offer: Terms, more: int
) -> None:
    before = fit(need, offer)
    last = offer.ends_on and offer.ends_on + timedelta(days=more)
    given_ = offer.volume and replace(offer.volume, amount=offer.volume.amount + more)
    assert fit(need, replace(offer, ends_on=last, volume=given_)).value >= before.value


@few
@given(needs)
def test_an_offer_of_exactly_what_is_needed_scores_1(need: Terms) -> None:
    assert fit(need, replace(need, institution_id=PROVIDER)).value == 1.0


@few
@given(needs, st.permutations(sorted(FULL.themes)), st.permutations(sorted(FULL.languages)))
def test_the_order_in_which_codes_are_named_is_nothing(
    need: Terms, themes: list[str], languages: list[str]
) -> None:
    need = replace(need, themes=FULL.themes, languages=FULL.languages, countries=frozenset())
    again = replace(PERFECT, themes=frozenset(themes), languages=frozenset(languages))
    shuffled = replace(need, themes=frozenset(themes), languages=frozenset(languages))
    assert score(shuffled, again) == score(need, PERFECT) == score(shuffled, PERFECT)


@few
@given(strangers, strangers)
def test_what_is_excluded_has_no_score_and_nothing_else(need: Terms, offer: Terms) -> None:
    assert (score(need, offer) is None) == (excludes(need, offer) is not None)


@few
@given(needs)
def test_an_institution_is_no_match_for_itself(need: Terms) -> None:
    assert score(need, need) is None


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"kind": "funding"}, "the kinds of support differ"),
        ({"themes": frozenset({"tourism"})}, "no theme is shared"),
        ({"countries": frozenset({"TH"})}, "no country is shared"),
        ({"starts_on": date(2028, 1, 1), "ends_on": None}, "the periods don't overlap"),
        ({"starts_on": None, "ends_on": date(2026, 12, 31)}, "the periods don't overlap"),
        ({"institution_id": RECIPIENT}, "both are of one institution"),
    ],
    ids=["kind", "themes", "countries", "too late", "too early", "oneself"],
)
def test_what_excludes_a_match_whatever_else_fits(changed: dict[str, object], why: str) -> None:
    offer = replace(PERFECT, **changed)  # type: ignore[arg-type]
    assert excludes(FULL, offer) == why
    assert score(FULL, offer) is None


@pytest.mark.parametrize(
    ("changed", "part", "value", "words"),
    [
        ({}, Part.KIND, 1.0, "same kind of support: training (weight 0.30)"),
        (
            {"themes": frozenset({"recovery", "entrepreneurship", "tourism"})},
            Part.THEMES,
            0.6667,
            "shares 2 of 3 themes (weight 0.25)",
        ),
        ({"sdgs": frozenset({"2"})}, Part.SDGS, 0.5, "shares 1 of 2 goals (weight 0.10)"),
        ({"countries": frozenset()}, Part.COUNTRIES, 1.0, "offered in any country (weight 0.10)"),
        (
            {"countries": frozenset({"NP", "TH"})},
            Part.COUNTRIES,
            0.5,
            "offered in 1 of 2 countries (weight 0.10)",
        ),
        (
            {"languages": frozenset({"fr", "pt"})},
            Part.LANGUAGES,
            1.0,
            "offered in a language you work in: fr (weight 0.10)",
        ),
        (
            {"languages": frozenset({"pt"})},
            Part.LANGUAGES,
            0.0,
            "not offered in a language you work in (weight 0.10)",
        ),
        (
            {"starts_on": date(2027, 9, 1), "ends_on": None},
            Part.PERIOD,
            0.3342,
            "the periods overlap for 4 months (weight 0.10)",
        ),
        (
            {"starts_on": date(2027, 12, 31), "ends_on": None},
            Part.PERIOD,
            0.0027,
            "the periods overlap for 1 day (weight 0.10)",
        ),
        (
            {"volume": Amount(60, "people")},
            Part.VOLUME,
            0.6,
            "the volume covers 60 % (weight 0.05)",
        ),
        ({"volume": None}, Part.VOLUME, 0.0, "the offer names no volume (weight 0.05)"),
        (
            {"volume": Amount(500, "money", "USD")},
            Part.VOLUME,
            0.0,
            "the volume is in another unit (weight 0.05)",
        ),
    ],
)
def test_each_component_says_in_words_what_it_counts(
    changed: dict[str, object], part: Part, value: float, words: str
) -> None:
    found = fit(FULL, replace(PERFECT, **changed))  # type: ignore[arg-type]
    component = next(component for component in found.components if component.part == part)
    assert (component.value, component.words) == (value, words)


def test_what_a_need_does_not_name_is_met() -> None:
    need = Terms(RECIPIENT, "training", frozenset({"recovery"}))
    assert fit(need, replace(PERFECT, countries=frozenset({"TH"}), volume=None)).value == 1.0
