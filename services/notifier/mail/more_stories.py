"""Stories of meetings to come, comments, needs and offers, and of what a group waits for."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from services.notifier.mail.stories import Content, Story
from services.notifier.tables import Notice
from services.notifier.vocabulary import NoticeKind
from services.notifier.wording import Wording


def _meeting(label: str, notice: Notice, words: Wording, weight: int) -> Story:
    meeting: Mapping[str, Any] = notice.facts.get("meeting") or notice.facts["series"]
    shown = meeting.get("begins_local")
    day = words.long_date(datetime.fromisoformat(shown).date()) if shown else ""
    at = f"{datetime.fromisoformat(shown):%H:%M}" if shown else ""
    zone = words.zone_name(meeting["time_zone"])
    return _story(
        label,
        meeting["title"],
        words,
        weight,
        byline=" · ".join(filter(None, (day, at, zone, meeting.get("place") or ""))),
        text=Content(notice.facts.get("reason") or ""),
    )


def _scheduled(notice: Notice, words: Wording, _today: date) -> Story:
    return _meeting(words.gettext("New meeting"), notice, words, 2)


def _rescheduled(notice: Notice, words: Wording, _today: date) -> Story:
    return _meeting(words.gettext("Meeting at another time"), notice, words, 1)


def _cancelled(notice: Notice, words: Wording, _today: date) -> Story:
    return _meeting(words.gettext("Meeting cancelled"), notice, words, 1)


def _invited(notice: Notice, words: Wording, _today: date) -> Story:
    return _meeting(words.gettext("You are invited to a meeting"), notice, words, 0)


def _minutes(notice: Notice, words: Wording, _today: date) -> Story:
    return _story(words.gettext("Minutes agreed"), notice.facts["meeting_title"], words, 5)


def _point(notice: Notice, words: Wording, _today: date) -> Story:
    point = notice.facts["point"]
    label = words.gettext("Agreed point")
    text = Content(point["text"])
    return _story(label, point["meeting_title"], words, 3, text=text)


def _comment(notice: Notice, words: Wording, _today: date) -> Story:
    facts = notice.facts
    return _story(
        words.gettext("Comment"),
        facts["update_title"],
        words,
        5,
        byline=facts.get("institution_name") or "",
        text=Content(facts["text"], facts.get("language")),
    )


def _need(notice: Notice, words: Wording, _today: date) -> Story:
    return _support(words.gettext("Need"), notice.facts["need"], words, 1)


def _unanswered(notice: Notice, words: Wording, _today: date) -> Story:
    return _support(words.gettext("Need without an answer"), notice.facts["need"], words, 1)


def _offer(notice: Notice, words: Wording, _today: date) -> Story:
    return _support(words.gettext("Offer"), notice.facts["offer"], words, 3)


def _support(label: str, item: Mapping[str, Any], words: Wording, weight: int) -> Story:
    text = Content(item["text"])
    return _story(label, item["title"], words, weight, byline=item["institution_name"], text=text)


def _review(notice: Notice, words: Wording, _today: date) -> Story:
    label = words.gettext("Your group wanted to look at its charter again")
    return _story(label, notice.facts["group_title"], words, 1)


def _quiet(notice: Notice, words: Wording, _today: date) -> Story:
    label = words.gettext("Nothing happened in your group for 90 days")
    return _story(label, notice.facts["group_title"], words, 1)


def _without_lead(notice: Notice, words: Wording, _today: date) -> Story:
    label = words.gettext("Nobody coordinates this group")
    return _story(label, notice.facts["group_title"], words, 1)


def _announcement(notice: Notice, words: Wording, _today: date) -> Story:
    facts = notice.facts
    language = facts["language"]
    label = words.gettext("An announcement waits for your approval")
    return Story(
        label,
        Content(facts["subject"], language),
        byline=words.ngettext(
            "%(number)d person would get it.",
            "%(number)d people would get it.",
            facts["recipients"],
        )
        % {"number": facts["recipients"]},
        weight=0,
        lead=words.gettext(
            "It goes out when a coordinator who wrote none of it approves it in Southlink."
        ),
        text=Content(facts["text"], language),
        summary=words.gettext("%(label)s: %(title)s") % {"label": label, "title": facts["subject"]},
    )


def _story(
    label: str,
    title: str,
    words: Wording,
    weight: int,
    *,
    byline: str = "",
    text: Content = Content(""),
) -> Story:
    summary = words.gettext("%(label)s: %(title)s") % {"label": label, "title": title}
    return Story(label, Content(title), byline, weight, text=text, summary=summary)


STORIES: Mapping[NoticeKind, Callable[[Notice, Wording, date], Story]] = {
    NoticeKind.MEETING_SCHEDULED: _scheduled,
    NoticeKind.MEETING_RESCHEDULED: _rescheduled,
    NoticeKind.MEETING_CANCELLED: _cancelled,
    NoticeKind.MEETING_INVITED: _invited,
    NoticeKind.MINUTES_AGREED: _minutes,
    NoticeKind.AGREED_POINT_RECORDED: _point,
    NoticeKind.COMMENT_POSTED: _comment,
    NoticeKind.NEED_PUBLISHED: _need,
    NoticeKind.NEED_UNANSWERED: _unanswered,
    NoticeKind.OFFER_PUBLISHED: _offer,
    NoticeKind.GROUP_REVIEW_DUE: _review,
    NoticeKind.GROUP_QUIET: _quiet,
    NoticeKind.GROUP_WITHOUT_LEAD: _without_lead,
    NoticeKind.ANNOUNCEMENT_WAITING: _announcement,
}
"""How each of these kinds is told."""
