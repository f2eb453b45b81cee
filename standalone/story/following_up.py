"""The coordinator opens groups and records the retreat; members join, post and take on actions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from standalone.story.facts import retreat
from standalone.story.http import Services, StoryError
from standalone.story.registration import FocalPoint
from standalone.story.script import GROUPS, GroupScript


@dataclass(frozen=True)
class FollowUp:
    """The groups by the slug of their theme, and the meeting that founded them."""

    groups: Mapping[str, str]
    meeting: Mapping[str, Any]

    def agreed_point(self, number: int) -> str:
        """Return the id of an agreed point by its number."""
        return str(self.meeting["agreed_points"][number - 1]["id"])


def open_groups(
    services: Services, coordinator: str, focal_points: Mapping[str, FocalPoint]
) -> FollowUp:
    """Create the themes with one group each, and record the retreat as their founding meeting."""
    facts = retreat()
    groups: dict[str, str] = {}
    for theme in facts.themes:
        services.post(
            f"{services.workgroups}/themes",
            {"slug": theme.slug, "title": theme.title},
            coordinator,
        )
    for script in GROUPS:
        made = services.post(
            f"{services.workgroups}/groups",
            {
                "slug": script.theme,
                "title": f"{script.title} follow-up group",
                "purpose": script.purpose,
                "theme_slug": script.theme,
                "time_zone": facts.meeting.timezone,
            },
            coordinator,
        )
        groups[script.theme] = made["id"]
    meeting = services.post(
        f"{services.workgroups}/meetings",
        {
            "title": facts.meeting.title,
            "date": facts.meeting.date.isoformat(),
            "place": facts.meeting.place,
            "time_zone": facts.meeting.timezone,
            "mode": facts.meeting.mode,
            "participants_in_person": facts.meeting.participants.in_person,
            "participants_online": facts.meeting.participants.online,
            "convenor_id": focal_points[facts.meeting.convenor].institution_id,
            "group_ids": list(groups.values()),
            "agreed_points": facts.agreed_points,
        },
        coordinator,
    )
    return FollowUp(groups, meeting)


def join(services: Services, follow_up: FollowUp, focal_points: Mapping[str, FocalPoint]) -> int:
    """Let each institution join its groups by its own focal point; return how many joined."""
    joined = 0
    for script in GROUPS:
        for acronym in script.members:
            member = focal_points[acronym]
            services.post(
                f"{services.workgroups}/groups/{follow_up.groups[script.theme]}/members",
                {"institution_id": member.institution_id},
                member.token,
            )
            joined += 1
    return joined


def post_updates(
    services: Services, follow_up: FollowUp, focal_points: Mapping[str, FocalPoint]
) -> int:
    """Let members post an initiative, an opportunity and a challenge in each group."""
    posted = 0
    for script in GROUPS:
        for post in script.posts:
            member = focal_points[post.institution]
            services.post(
                f"{services.workgroups}/groups/{follow_up.groups[script.theme]}/updates",
                {
                    "institution_id": member.institution_id,
                    "kind": post.kind,
                    "title": post.title,
                    "text": post.text,
                },
                member.token,
            )
            posted += 1
    return posted


def assign_actions(
    services: Services,
    coordinator: str,
    follow_up: FollowUp,
    focal_points: Mapping[str, FocalPoint],
) -> int:
    """Give action items an accountable institution and a due date; return how many are overdue."""
    today = datetime.now(UTC).date()
    for script in GROUPS:
        for action in script.actions:
            services.post(
                f"{services.workgroups}/groups/{follow_up.groups[script.theme]}/action-items",
                {
                    "title": action.title,
                    "institution_id": focal_points[action.institution].institution_id,
                    "due_date": (today + timedelta(days=action.due_in_days)).isoformat(),
                    "agreed_point_id": follow_up.agreed_point(action.agreed_point),
                },
                coordinator,
            )
    overdue = sum(_overdue(services, coordinator, follow_up, script) for script in GROUPS)
    if overdue != 1:
        raise StoryError(f"One action item is overdue, but the service shows {overdue}.")
    return overdue


def _overdue(services: Services, coordinator: str, follow_up: FollowUp, script: GroupScript) -> int:
    url = f"{services.workgroups}/groups/{follow_up.groups[script.theme]}/action-items"
    return len(services.get(url, coordinator, overdue="true")["items"])
