"""The report of a group as a page and as PDF."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from importlib.resources import files
from itertools import pairwise
from typing import Any

from fastapi.responses import HTMLResponse

from services.workgroups.due_dates import day_in
from services.workgroups.group_report import Agreed, Owed, Report
from services.workgroups.pages.rendering import page


def report_page(report: Report, now: datetime) -> HTMLResponse:
    """Return the report as a page."""
    return page(
        "report.html",
        report=report,
        summary=_summary(report),
        progress=_progress,
        so_far=_goes_on(report, now),
        today=day_in(report.time_zone, now),
    )


def report_pdf(report: Report, now: datetime) -> bytes:
    """Return the report as PDF."""
    # Twenty megabytes that only who makes a PDF needs.
    import typst

    template = (files("services.workgroups.pages") / "templates" / "report.typ").read_bytes()
    document: bytes = typst.compile(
        template, sys_inputs={"report": json.dumps(_as_data(report, now), default=str)}
    )
    return document


def _as_data(report: Report, now: datetime) -> dict[str, Any]:
    return {
        "group_title": report.group_title,
        "first": report.first,
        "last": report.last,
        "time_zone": report.time_zone,
        "so_far": f"The period goes on: this is how it stands on {day_in(report.time_zone, now)}."
        if _goes_on(report, now)
        else "",
        "summary": _summary(report),
        "meetings": [
            {
                "held_on": meeting.held_on,
                "title": ", ".join(filter(None, (meeting.title, meeting.place))),
                "in_person": meeting.participants_in_person,
                "online": meeting.participants_online,
            }
            for meeting in report.meetings
        ],
        "attendance": [
            (each.institution_name or "Others", each.meetings, each.in_person, each.online)
            for each in report.attendance or ()
        ],
        "agreed_points": [
            {
                "heading": ""
                if before and before.meeting_id == point.meeting_id
                else point.meeting_title,
                "number": point.number,
                "text": point.text,
                "outcome": point.outcome or "",
                "progress": _progress(point),
            }
            for before, point in pairwise((None, *report.agreed_points))
            if point
        ],
        **{
            name: _owed(getattr(report.action_items, name))
            for name in ("opened", "done", "cancelled", "reopened", "overdue")
        },
        "updates": [(kind.capitalize(), number) for kind, number in report.updates.items()],
        "joined": [f"{each.institution_name or '?'}, {each.on}" for each in report.members.joined],
        "left": [f"{each.institution_name or '?'}, {each.on}" for each in report.members.left],
    }


def _owed(items: Iterable[Owed]) -> list[dict[str, Any]]:
    return [{**asdict(item), "institution": item.institution_name or "?"} for item in items]


def _summary(report: Report) -> list[tuple[str, int]]:
    items, held = report.action_items, report.meetings
    return [
        ("Meetings held", len(held)),
        (
            "Participants, over all meetings",
            sum(each.participants_in_person + each.participants_online for each in held),
        ),
        ("Agreed points", len(report.agreed_points)),
        ("Action items opened", len(items.opened)),
        ("Action items done", len(items.done)),
        ("Action items unfinished at the end", items.unfinished),
        ("… of which overdue", len(items.overdue)),
        ("Updates", sum(report.updates.values())),
        ("Member institutions at the end", report.members.at_the_end),
    ]


def _progress(point: Agreed) -> str:
    if not point.items:
        return "No action items."
    return f"{point.items_done} of {point.items} action items done."


def _goes_on(report: Report, now: datetime) -> bool:
    return report.as_of >= now


def _begins_meeting(before: Agreed | None, point: Agreed) -> bool:
    return before is None or before.meeting_id != point.meeting_id
