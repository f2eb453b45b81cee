"""Who accepted earlier comes first, however the seats and parties fall."""

from hypothesis import given
from hypothesis import strategies as st

from services.workgroups.seating import Party, seated_after

parties = st.lists(st.tuples(st.integers(1, 6), st.booleans()), max_size=12).map(
    lambda each: [Party(number, heads, seated) for number, (heads, seated) in enumerate(each, 1)]
)


@given(st.integers(1, 30), parties)
def test_nobody_loses_a_seat_and_nobody_new_sits_beyond_the_capacity(
    capacity: int, accepted: list[Party]
) -> None:
    before = {party.acceptance for party in accepted if party.seated}
    after = seated_after(capacity, accepted)
    assert before <= after
    heads = sum(party.heads for party in accepted if party.acceptance in after)
    assert heads <= capacity or after == before


@given(st.integers(1, 30), parties)
def test_nobody_who_waits_is_passed_over(capacity: int, accepted: list[Party]) -> None:
    after = seated_after(capacity, accepted)
    moved = [party for party in accepted if party.acceptance in after and not party.seated]
    waiting = [party for party in accepted if party.acceptance not in after]
    if waiting:
        first = min(waiting, key=lambda party: party.acceptance)
        assert all(party.acceptance < first.acceptance for party in moved)
        taken = sum(party.heads for party in accepted if party.acceptance in after)
        assert taken + first.heads > capacity, "the first who waits doesn't fit"


@given(parties)
def test_without_a_capacity_everybody_has_a_seat(accepted: list[Party]) -> None:
    assert seated_after(None, accepted) == {party.acceptance for party in accepted}
