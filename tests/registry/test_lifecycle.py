"""The life of a registration: what may follow what, and who may do it."""

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from services.registry import institutions, lifecycle, merge_steps, standing
from services.registry.institutions import Profile, ProfileChange
from services.registry.people import PersonDraft, confirm_address
from services.registry.tables import HistoryEntry, Institution, Outbox, Person
from services.registry.transitions import TRANSITIONS, Action, Role, Status
from shared.columns import utc_now
from shared.database import Database
from shared.problems import Problem
from tests.registry.journey import CIRDAP

Step = Callable[[Session, Institution, UUID], None]

STEPS: dict[Action, Step] = {
    Action.CONFIRM: lambda s, i, by: lifecycle.confirm(s, i, by, utc_now()),
    Action.UPDATE: lambda s, i, by: institutions.update(
        s, i, ProfileChange(website=f"https://www.example.org/{i.version}"), by
    ),
    Action.SUBMIT: lifecycle.submit,
    Action.RETURN: lambda s, i, by: lifecycle.send_back(s, i, by, "Give the official name."),
    Action.VERIFY: lambda s, i, by: lifecycle.verify(s, i, by, "Nomination letter."),
    Action.REJECT: lambda s, i, by: lifecycle.reject(s, i, by, "Not an institution."),
    Action.RENEW: lambda s, i, by: standing.renew(s, i, by, "Nomination letter."),
    Action.EXPIRE: lambda s, i, _by: standing.expire(s, i, utc_now()),
    Action.SUSPEND: lambda s, i, by: standing.suspend(s, i, by, "A concern."),
    Action.REINSTATE: lambda s, i, by: standing.reinstate(s, i, by, "It is settled."),
    Action.WITHDRAW: lambda s, i, by: standing.withdraw(s, i, by, "Dissolved."),
    Action.MERGE: lambda s, i, by: merge_steps.merge(
        s, i, another(s), by, reason="They are one.", changes={}
    ),
    Action.ABSORB: lambda s, i, by: merge_steps.merge(
        s, another(s), i, by, reason="They are one.", changes={}
    ),
    Action.UNMERGE: lambda s, i, by: merge_steps.unmerge(
        s, i, another(s), by, reason="They are two.", back_to=Status.RETURNED, changes={}
    ),
    Action.RELEASE: lambda s, i, by: merge_steps.unmerge(
        s, merged(s), i, by, reason="They are two.", back_to=Status.RETURNED, changes={}
    ),
}

EVENTS = {
    Action.CONFIRM: "org.southlink.institution.submitted.v1",
    Action.UPDATE: "org.southlink.institution.updated.v1",
    Action.SUBMIT: "org.southlink.institution.submitted.v1",
    Action.RETURN: "org.southlink.institution.returned.v1",
    Action.VERIFY: "org.southlink.institution.verified.v1",
    Action.REJECT: "org.southlink.institution.rejected.v1",
    Action.RENEW: "org.southlink.institution.verification_renewed.v1",
    Action.EXPIRE: "org.southlink.institution.verification_expired.v1",
    Action.SUSPEND: "org.southlink.institution.suspended.v1",
    Action.REINSTATE: "org.southlink.institution.reinstated.v1",
    Action.WITHDRAW: "org.southlink.institution.withdrawn.v1",
    Action.MERGE: "org.southlink.institution.merged.v1",
    Action.ABSORB: "org.southlink.institution.updated.v1",
    Action.UNMERGE: "org.southlink.institution.unmerged.v1",
    Action.RELEASE: "org.southlink.institution.updated.v1",
}

BACK_TO = {Action.UNMERGE: Status.RETURNED}
"""Where an action leads that has no target of its own and doesn't stay."""


def another(session: Session) -> Institution:
    """Return another institution, which is verified."""
    institution = Institution(
        name="Observatory of Glaciers",
        name_key="observatory of glaciers",
        organisation_type="60",
        status=Status.VERIFIED,
    )
    session.add(institution)
    session.flush()
    return institution


def merged(session: Session) -> Institution:
    """Return an institution that is part of another."""
    institution = another(session)
    put_into(session, institution, Status.MERGED)
    return institution


def put_into(session: Session, institution: Institution, status: Status) -> None:
    """Let an institution be in a state, however it came there."""
    part_of = another(session).id if status == Status.MERGED else None
    institution.status, institution.merged_into = status, part_of
    session.flush()


def a_registration(session: Session, email: str = "ana@example.org") -> tuple[Institution, Person]:
    return institutions.register(
        session, Profile(**CIRDAP), PersonDraft(name="Ana Souza", email=email), utc_now()
    )


def history_of(session: Session, institution: Institution) -> list[HistoryEntry]:
    return list(
        session.exec(
            select(HistoryEntry)
            .where(HistoryEntry.institution_id == institution.id)
            .order_by(col(HistoryEntry.version))
        )
    )


def events_of(session: Session, institution: Institution) -> list[str]:
    return list(
        session.exec(
            select(Outbox.type)
            .where(Outbox.subject == f"institutions/{institution.id}")
            .order_by(col(Outbox.id))
        )
    )


def test_every_action_but_those_that_begin_a_registration_has_a_step_and_an_event() -> None:
    assert set(STEPS) == set(EVENTS) == set(Action) - {Action.REGISTER, Action.IMPORT}


def test_a_rejected_registration_is_final_and_every_other_state_can_go_on() -> None:
    with_a_way_on = set().union(
        *(
            transition.sources
            for action, transition in TRANSITIONS.items()
            # Giving back what another brought along changes nothing in its own life.
            if action != Action.RELEASE
        )
    )
    assert with_a_way_on == set(Status) - {Status.REJECTED}


def test_only_a_coordinator_verifies_returns_rejects_suspends_reinstates_and_merges() -> None:
    for action in (
        Action.VERIFY,
        Action.RENEW,
        Action.RETURN,
        Action.REJECT,
        Action.SUSPEND,
        Action.REINSTATE,
        Action.MERGE,
        Action.UNMERGE,
    ):
        assert TRANSITIONS[action].by == {Role.COORDINATOR}


def test_nobody_but_the_focal_point_confirms_submits_or_withdraws() -> None:
    for action in (Action.CONFIRM, Action.SUBMIT, Action.WITHDRAW):
        assert TRANSITIONS[action].by == {Role.FOCAL_POINT}


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("action", list(STEPS))
def test_an_action_is_possible_exactly_in_the_states_of_the_table(
    session: Session, action: Action, status: Status
) -> None:
    institution, person = a_registration(session)
    put_into(session, institution, status)

    if status in TRANSITIONS[action].sources:
        STEPS[action](session, institution, person.id)
        assert institution.status == (TRANSITIONS[action].target or BACK_TO.get(action, status))
        assert institution.version == 2
        assert events_of(session, institution) == [EVENTS[action]]
    else:
        with pytest.raises(Problem) as refused:
            STEPS[action](session, institution, person.id)
        assert refused.value.kind.slug == "not-allowed-now"
        assert status in refused.value.detail
        assert institution.status == status
        assert institution.version == 1
        assert events_of(session, institution) == []


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(actions=st.lists(st.sampled_from(list(STEPS)), max_size=8))
def test_whatever_is_tried_the_history_tells_every_version_and_nothing_else(
    database: Database, actions: list[Action]
) -> None:
    with database.write() as session:
        institution, person = a_registration(session)
        done = []
        for action in actions:
            try:
                STEPS[action](session, institution, person.id)
                done.append(action)
            except Problem:
                pass
        session.flush()

        history = history_of(session, institution)
        assert [entry.version for entry in history] == list(range(1, institution.version + 1))
        assert [entry.action for entry in history] == [Action.REGISTER, *done]
        assert history[-1].to_status == institution.status
        for before, after in pairwise(history):
            assert after.from_status == before.to_status
        assert events_of(session, institution) == [EVENTS[action] for action in done]
        session.rollback()


def test_a_step_keeps_who_took_it_why_and_on_what_evidence(session: Session) -> None:
    original, _ = a_registration(session, "first@example.org")
    institution, person = a_registration(session)
    lifecycle.confirm(session, institution, person.id, utc_now())
    lifecycle.reject(session, institution, person.id, "Registered already.", original.id)
    session.flush()

    entry = history_of(session, institution)[-1]
    assert (entry.actor_id, entry.reason, entry.duplicate_of) == (
        person.id,
        "Registered already.",
        original.id,
    )
    assert utc_now() - entry.at < timedelta(minutes=1)


@pytest.mark.parametrize("which", ["itself", "rejected", "unknown"])
def test_a_duplicate_must_name_another_institution_that_still_stands(
    session: Session, which: str
) -> None:
    institution, person = a_registration(session)
    lifecycle.confirm(session, institution, person.id, utc_now())
    other, _ = a_registration(session, "other@example.org")
    other.status = Status.REJECTED
    session.flush()
    original = {"itself": institution.id, "rejected": other.id, "unknown": person.id}[which]

    with pytest.raises(Problem) as refused:
        lifecycle.reject(session, institution, person.id, "A duplicate.", original)

    assert [error.pointer for error in refused.value.errors] == ["/duplicate_of"]
    assert institution.status == Status.SUBMITTED


def test_a_change_that_changes_nothing_makes_no_version_and_no_event(session: Session) -> None:
    institution, person = a_registration(session)
    lifecycle.confirm(session, institution, person.id, utc_now())
    told = events_of(session, institution)

    institutions.update(session, institution, ProfileChange(acronym="CIRDAP"), person.id)

    assert institution.version == 2
    assert events_of(session, institution) == told


def test_a_change_of_the_profile_keeps_the_values_before_and_after(session: Session) -> None:
    institution, person = a_registration(session)
    lifecycle.confirm(session, institution, person.id, utc_now())

    institutions.update(session, institution, ProfileChange(acronym=None, country="TH"), person.id)
    session.flush()
    session.expire_all()

    changes = history_of(session, institution)[-1].changes
    assert changes == {"acronym": ["CIRDAP", None], "country": ["BD", "TH"]}


def test_somebody_elses_registration_does_not_rename_a_confirmed_person(session: Session) -> None:
    _, person = a_registration(session)
    confirm_address(session, person, utc_now())

    institutions.register(
        session,
        Profile(**CIRDAP),
        PersonDraft(name="Somebody Else", email="ANA@example.org"),
        utc_now(),
    )

    assert person.name == "Ana Souza"
    assert len(session.exec(select(Person)).all()) == 1
