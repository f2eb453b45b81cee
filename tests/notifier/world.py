"""A small world of readers and events, told by the rules of the notifier itself."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import col, select

from services.notifier import collecting, digest_runs, projections, sending, subscriptions
from services.notifier.links import Links, links
from services.notifier.return_paths import ReturnMailbox
from services.notifier.subscribers import Hours
from services.notifier.subscriptions import Wish
from services.notifier.tables import Delivery, DigestRun, Subscription
from services.notifier.targets import EVERYTHING, Target
from services.notifier.vocabulary import UNFINISHED, Frequency
from shared.columns import utc_now
from shared.database import Database
from shared.events.catalogue import (
    ActionFacts,
    GroupCreated,
    GroupFacts,
    InstitutionFacts,
    InstitutionVerified,
    MembershipJoined,
    ThemeCreated,
    UpdatePosted,
)
from shared.events.envelope import Event, EventData
from shared.ids import new_id
from shared.mail import Smtp
from tests.notifier.mailbox import Mailbox

PUBLIC_URL = "https://south.example.org/notifier"
THEME = "digital-transformation"
GROUP_TITLE = "Digital transformation follow-up"


@dataclass
class World:
    """Readers, events and workers."""

    database: Database
    mailbox: Mailbox
    public_url: str
    group_id: UUID = field(default_factory=new_id)
    institution_id: UUID = field(default_factory=new_id)
    bounces_to: ReturnMailbox | None = None

    def tell(self, data: EventData, subject: str = "", time: datetime | None = None) -> Event:
        """Apply an event as the consumer does, in a transaction of its own."""
        event = Event.of(data, subject=subject or f"things/{new_id()}", time=time)
        self.apply(event)
        return event

    def apply(self, event: Event) -> None:
        """Apply a made event."""
        data_type = next(each for each in projections.HANDLERS if each.type() == event.type)
        with self.database.write() as session:
            data = data_type.model_validate(event.data)
            projections.HANDLERS[data_type](session, event, data)

    def open_group(self) -> None:
        """Make a theme with one group, and one verified institution."""
        self.tell(ThemeCreated(theme_id=new_id(), slug=THEME, title="Digital transformation"))
        self.tell(GroupCreated(group=self.group()), subject=f"groups/{self.group_id}")
        self.tell(InstitutionVerified(institution=self.institution()))

    def group(self) -> GroupFacts:
        """Return the group's facts."""
        return GroupFacts(
            group_id=self.group_id,
            slug="digital",
            title=GROUP_TITLE,
            purpose="Follow up on digitalization in the South.",
            theme_slug=THEME,
            theme_title="Digital transformation",
            version=1,
        )

    def institution(self) -> InstitutionFacts:
        """Return the institution's facts."""
        return InstitutionFacts(
            institution_id=self.institution_id,
            name="United Nations Volunteers",
            acronym="UNV",
            organisation_type="40",
            subtype="un_entity",
            status="verified",
            version=2,
        )

    def update(
        self, title: str = "Online volunteers for e-learning", kind: str = "opportunity"
    ) -> UpdatePosted:
        """Return an update of the institution in the group."""
        return UpdatePosted.model_validate(
            {
                "update_id": new_id(),
                "group_id": self.group_id,
                "group_title": GROUP_TITLE,
                "theme_slug": THEME,
                "institution_id": self.institution_id,
                "institution_name": "United Nations Volunteers",
                "institution_acronym": "UNV",
                "kind": kind,
                "title": title,
                "text": "Three hundred volunteers can teach online from January.",
            }
        )

    def joined(self, acronym: str) -> MembershipJoined:
        """Return that an institution joined the group."""
        return MembershipJoined(
            group_id=self.group_id,
            group_title=GROUP_TITLE,
            theme_slug=THEME,
            institution_id=new_id(),
            institution_name=f"The institution {acronym}",
            institution_acronym=acronym,
        )

    def action(self, **changes: object) -> ActionFacts:
        """Return an action item of the institution."""
        facts: dict[str, object] = {
            "action_item_id": new_id(),
            "group_id": self.group_id,
            "group_title": GROUP_TITLE,
            "theme_slug": THEME,
            "number": 3,
            "title": "List the training offers",
            "institution_id": self.institution_id,
            "institution_name": "United Nations Volunteers",
            "institution_acronym": "UNV",
            "due_date": "2020-12-31",
            "state": "open",
            "version": 1,
        }
        return ActionFacts.model_validate({**facts, **changes})

    def subscribe(
        self,
        email: str,
        frequency: Frequency = Frequency.DAILY,
        target: Target = EVERYTHING,
        *,
        hours: Hours | None = None,
        at: datetime | None = None,
    ) -> Subscription:
        """Ask and confirm, as a reader does."""
        now = at or utc_now()
        wish = Wish(email, target, frequency, hours or Hours())
        with self.database.write() as session:
            asked = subscriptions.ask(session, wish, now, per_minute=10_000)
        with self.database.write() as session:
            session.delete(session.get_one(Delivery, asked.delivery_id))
            return subscriptions.confirm(session, asked.request_id, now)

    def links(self) -> Links:
        """Return the installation's links."""
        with self.database.read() as session:
            return links(session, self.public_url)

    def close_windows(self, frequency: Frequency = Frequency.DAILY) -> DigestRun:
        """Close the windows now, as a coordinator's request and the worker do."""
        with self.database.write() as session:
            run = digest_runs.start_by_coordinator(session, frequency, new_id(), utc_now())
        self.collect(run.id)
        return run

    def collect(self, run_id: UUID) -> None:
        """Do the worker's part of a run."""
        while True:
            with self.database.write() as session:
                if collecting.collect_batch(session, run_id, utc_now()) is None:
                    return

    def deliver_all(self) -> None:
        """Send what is due, as a worker does."""
        with self.database.read() as session:
            due = session.exec(
                select(Delivery.id)
                .where(col(Delivery.state).in_(UNFINISHED))
                .order_by(col(Delivery.id))
            ).all()
        self.deliver(*due)

    def deliver(self, *delivery_ids: UUID, hold: timedelta = timedelta(minutes=2)) -> None:
        """Send e-mails, as a worker does."""
        sending.deliver(self.database, delivery_ids, self.sender(hold))

    def sender(self, hold: timedelta = timedelta(minutes=2)) -> sending.Sender:
        """Return how this world's workers send."""
        return sending.Sender(
            smtp=Smtp("127.0.0.1", self.mailbox.port),
            mail_from="Southlink <news@south.example.org>",
            public_url=self.public_url,
            hold=hold,
            bounces_to=self.bounces_to,
        )
