"""Of many offers only those are compared with a need that may fit it."""

from hypothesis import given
from hypothesis import strategies as st

from services.notifier.fitting_needs import candidates, fit, places_of
from services.notifier.tables import Support
from shared.columns import utc_now
from shared.ids import new_id

WORDS = st.lists(st.sampled_from(["water", "health", "*"]), max_size=2, unique=True)
COUNTRIES = st.lists(st.sampled_from(["KE", "BR", "VN"]), max_size=2, unique=True)


@st.composite
def support(draw: st.DrawFn, side: str) -> Support:
    return Support(
        id=new_id(),
        side=side,
        institution_id=new_id(),
        institution_name="UNV",
        title="Training",
        kind=draw(st.sampled_from(["training", "funding"])),
        themes=draw(WORDS),
        countries=draw(COUNTRIES),
        state="published",
        since=utc_now(),
        version=1,
    )


@given(support("need"), st.lists(support("offer"), max_size=6))
def test_no_offer_that_fits_is_overlooked_and_their_order_stays(
    need: Support, offers: list[Support]
) -> None:
    compared = candidates(need, offers, places_of(offers))
    fitting = [offer.id for offer in compared if fit(need, offer)]
    assert fitting == [offer.id for offer in offers if fit(need, offer)]


@given(support("need"), st.lists(support("offer"), max_size=6))
def test_what_is_of_another_kind_is_not_compared(need: Support, offers: list[Support]) -> None:
    compared = list(candidates(need, offers, places_of(offers)))
    assert all(offer.kind == need.kind for offer in compared)
