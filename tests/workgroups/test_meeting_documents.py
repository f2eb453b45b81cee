"""Documents of meetings: added by who records, fetched by who sees, removed for good."""

from datetime import timedelta
from pathlib import Path

from services.workgroups import calendar
from services.workgroups.attachment_store import digest_of
from shared.columns import utc_now
from shared.events.catalogue import MeetingDocumentsChanged
from tests.workgroups.files import PDF
from tests.workgroups.meeting_steps import in_role, scheduled, sent_document
from tests.workgroups.stage import Stage, assert_refused
from tests.workgroups.world import Workgroups


def test_a_document_is_listed_with_its_meeting_and_fetched_by_who_sees_it(
    workgroups: Workgroups, attachments: Path
) -> None:
    coordinator = workgroups.coordinator()
    member = workgroups.partner()
    group = workgroups.group(coordinator, visibility="members")
    workgroups.join(member, group)
    rapporteur = in_role(workgroups, group, "rapporteur")
    meeting = scheduled(workgroups, coordinator, group)

    first = sent_document(workgroups, rapporteur, meeting)
    again = sent_document(workgroups, rapporteur, meeting, "other name.pdf")

    assert (first.status_code, again.status_code) == (201, 200), first.text
    assert again.json() == first.json()
    shown = workgroups.read(member.focal_point, f"/meetings/{meeting['id']}")
    assert shown["documents"] == [first.json()]
    assert shown["version"] == meeting["version"] + 1
    assert shown["sequence"] == meeting["sequence"], "calendars need not ask anew"
    path = first.headers["location"]
    fetched = workgroups.send(member.focal_point, "GET", path)
    assert (fetched.status_code, fetched.content) == (200, PDF)
    assert workgroups.send(workgroups.person(), "GET", path).status_code == 404
    assert workgroups.send(member.focal_point, "DELETE", path).status_code == 403
    assert digest_of(PDF) in {found.name for found in attachments.rglob("*")}

    assert workgroups.send(rapporteur, "DELETE", path).status_code == 204
    assert workgroups.send(rapporteur, "DELETE", path).status_code == 404
    assert workgroups.read(rapporteur, f"/meetings/{meeting['id']}")["documents"] == []
    calendar.keep(workgroups.database, utc_now() + timedelta(hours=2))
    assert digest_of(PDF) not in {found.name for found in attachments.rglob("*")}
    told = [each for _, each in workgroups.published() if isinstance(each, MeetingDocumentsChanged)]
    assert [[file.name for file in each.documents] for each in told] == [["agenda.pdf"], []]


def test_who_does_not_record_for_a_meeting_adds_no_document(fresh_stage: Stage) -> None:
    workgroups = fresh_stage.workgroups
    meeting = scheduled(workgroups, fresh_stage.coordinator, fresh_stage.group)
    member = fresh_stage.member.focal_point
    assert_refused(
        fresh_stage, lambda: sent_document(workgroups, member, meeting), 403, "forbidden"
    )
    closed = fresh_stage.other_meeting
    assert_refused(
        fresh_stage,
        lambda: sent_document(workgroups, fresh_stage.coordinator, closed),
        409,
        "not-allowed-now",
    )
