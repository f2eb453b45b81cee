"""The law of the second person: whatever three people do in whichever order, it holds."""

from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.notifier.announcements.permissions import WRITING
from services.notifier.vocabulary import AnnouncementAct
from tests.notifier.announcing import Desk

BODIES: dict[str, Any] = {"refusal": {"reason": "No."}, "cancellation": {}}
GONE = {"scheduled", "sending", "sent"}

Acts = list[tuple[int, str]]
"""Who does what, one after the other; ``go`` is what the time brings."""

acts = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(["change", "submission", "approval", "refusal", "cancellation", "go"]),
    ),
    min_size=2,
    max_size=9,
)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(acts)
def test_nothing_goes_to_many_but_the_words_that_somebody_else_approved(
    desk: Desk, did: Acts
) -> None:
    desk.set_limit(0)
    people = [
        desk.coordinator("author@example.org"),
        desk.coordinator("second@example.org"),
        desk.lead("lead@example.org"),
    ]
    announcement = desk.draft(people[0])
    path = f"/announcements/{announcement['id']}"
    for number, (who, act) in enumerate(did):
        do(desk, people[who], path, act, f"Text {number}")
        shown = desk.call(people[0], "GET", path).json()
        if shown["state"] in GONE:
            assert approved_as_it_is(shown["record"])
            assert shown["approved_by"] is not None


def do(desk: Desk, by: UUID, path: str, act: str, said: str) -> None:
    """Do it, if it is possible, to what the person has just seen."""
    if act == "go":
        desk.make(path.rpartition("/")[2])
        return
    version = desk.call(by, "GET", path).json()["version"]
    if act == "change":
        body = {"texts": {"en": {"subject": said, "text": said}}}
        answer = desk.call(by, "PATCH", path, body, version=version)
    else:
        answer = desk.call(by, "POST", f"{path}/{act}", BODIES.get(act), version=version)
    assert answer.status_code in {200, 403, 409}, answer.text


def approved_as_it_is(record: list[dict[str, Any]]) -> bool:
    """Tell whether the newest words were approved by somebody who wrote or submitted none."""
    wrote = {each["by"] for each in record if each["act"] in {str(act) for act in WRITING}}
    approvals = [each for each in record if each["act"] == AnnouncementAct.APPROVED]
    return bool(
        approvals
        and approvals[-1]["by"] not in wrote
        and approvals[-1]["content_digest"] == record[-1]["content_digest"]
    )
