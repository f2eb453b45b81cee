"""The life of an action item, as a law."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.workgroups.transitions import (
    TRANSITIONS,
    UNFINISHED,
    Role,
    State,
    require_transition,
)
from shared.problems import FORBIDDEN, NOT_ALLOWED_NOW, Problem

states = st.sampled_from(State)
roles = st.frozensets(st.sampled_from(Role), min_size=1)


def outcome(before: State, after: State, roles: frozenset[Role]) -> int:
    try:
        require_transition(before, after, roles)
    except Problem as problem:
        return problem.kind.status
    return 200


def test_the_table_names_every_state_and_no_state_follows_itself() -> None:
    assert set(TRANSITIONS) == set(State)
    assert all(before not in following for before, following in TRANSITIONS.items())


@given(states, states, roles)
def test_a_move_is_allowed_just_where_the_table_says_so(
    before: State, after: State, roles: frozenset[Role]
) -> None:
    following = TRANSITIONS[before]
    if before == after:
        assert outcome(before, after, roles) == 200
    elif after not in following:
        assert outcome(before, after, roles) == NOT_ALLOWED_NOW.status
    elif following[after] & roles:
        assert outcome(before, after, roles) == 200
    else:
        assert outcome(before, after, roles) == FORBIDDEN.status


@given(states, states, roles)
def test_who_leads_may_do_whatever_another_role_may(
    before: State, after: State, roles: frozenset[Role]
) -> None:
    if outcome(before, after, roles) == 200:
        assert outcome(before, after, roles | {Role.LEADING}) == 200


@given(st.lists(states))
def test_the_accountable_institution_alone_never_gets_rid_of_what_it_owes(
    wishes: list[State],
) -> None:
    state = State.OPEN
    for wish in wishes:
        if outcome(state, wish, frozenset({Role.ACCOUNTABLE})) == 200:
            state = wish
        assert state in UNFINISHED | {State.DONE}


@pytest.mark.parametrize("state", State)
def test_from_every_state_who_leads_can_bring_an_item_back_to_unfinished(state: State) -> None:
    reachable = {state} | set(TRANSITIONS[state])
    assert reachable & UNFINISHED


def test_a_refusal_says_what_is_possible() -> None:
    with pytest.raises(Problem, match="It can become: in_progress"):
        require_transition(State.DONE, State.CANCELLED, frozenset(Role))
