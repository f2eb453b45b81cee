"""A history of everything that can happen, so that there is something real of each kind."""

import json
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from services.notifier import projections, role_subscriptions, subscriptions
from services.notifier.announcements import deciding, writing
from services.notifier.announcements.writing import Content, Text
from services.notifier.subscribers import Hours
from services.notifier.subscriptions import Wish
from services.notifier.targets import EVERYTHING
from services.notifier.vocabulary import Frequency
from shared.columns import utc_now
from shared.events.catalogue import ActionItemAssigned, GroupReviewDue, GroupUpdated
from shared.events.envelope import Event
from tests.notifier.partners import has_role, person, speaks_for
from tests.notifier.world import GROUP_TITLE, THEME, World

FIXTURES = Path(__file__).parents[1] / "shared" / "fixtures" / "events"
TAKES_BACK = ("withdrawn", "erased", "unreachable")
OWED = "Overdue list of the training offers"


def happen(world: World) -> UUID:
    """Tell every published event that readers hear of; return who Ana is, who owes something.

    Bo asked for a subscription and has not confirmed it. Ana's announcement waits for approval.
    """
    kinds = {each.type() for each in projections.HANDLERS}
    for file in sorted(FIXTURES.glob("*.json")):
        event = Event.model_validate({**json.loads(file.read_text()), "time": utc_now()})
        if event.type in kinds and not event.type.split(".")[-2].endswith(TAKES_BACK):
            world.apply(event)
    world.open_group()
    ana = person(world, "ana@example.org")
    speaks_for(world, ana, world.institution_id)
    has_role(world, ana, "coordinator")
    yesterday = (utc_now() - timedelta(days=2)).date()
    world.tell(ActionItemAssigned(action=world.action(title=OWED, due_date=yesterday)))
    for version, status in ((2, "archived"), (3, "active")):
        group = world.group().model_copy(update={"status": status, "version": version})
        world.tell(GroupUpdated(group=group), f"groups/{world.group_id}")
    world.tell(
        GroupReviewDue(
            group_id=world.group_id,
            group_title=GROUP_TITLE,
            theme_slug=THEME,
            charter=1,
            review_date=utc_now().date(),
        )
    )
    wish = Wish("bo@example.org", EVERYTHING, Frequency.WEEKLY, Hours())
    with world.database.write() as session:
        subscriptions.ask(session, wish, utc_now(), per_minute=100)
        role_subscriptions.bring_up_to_date(session, utc_now())
        content = Content(world.group_id, {"en": Text("We meet in Bangkok", "**Come.**")}, "en")
        draft = writing.draft(session, content, ana, utc_now())
        deciding.submit(session, draft, draft.version, by=ana, limit=0, now=utc_now())
    return ana
