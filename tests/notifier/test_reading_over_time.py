"""Whatever a reader chooses and whenever the notifier is down: each event is told once, in time.

A model of one reader says which event is due when; the rules of the notifier run on real databases
beside it, at a clock of their own.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlmodel import Session, col, func, select, update

from services.notifier import choices, collecting, digest_runs, leaving, notices, pauses, targets
from services.notifier.choices import Choice
from services.notifier.notices import Happening
from services.notifier.subscribers import Hours
from services.notifier.tables import (
    Delivery,
    Digest,
    DigestItem,
    DigestWindow,
    Notice,
    Subscription,
)
from services.notifier.targets import EVERYTHING
from services.notifier.vocabulary import DIGEST_FREQUENCIES, DeliveryState, Frequency, NoticeKind
from services.notifier.windows import Schedule, last_window_end, next_window_end
from shared.events.catalogue import ThemeCreated
from shared.ids import new_id
from tests.notifier.rows import wipe
from tests.notifier.world import THEME, World

BEGIN = datetime(2026, 10, 20, 12, 30, tzinfo=UTC)
"""Days before the clocks of Berlin and of New York go back, a week apart."""

ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "Asia/Kathmandu"]
)
TARGETS = {"everything": EVERYTHING, "theme": targets.theme(THEME)}
NAMES = st.sampled_from([*TARGETS])
FREQUENCIES = st.sampled_from([*DIGEST_FREQUENCIES, *Frequency, None])
"""Those that gather come more often: most laws are of them."""


@dataclass
class Wish:
    """What the model knows of one subscription."""

    id: UUID
    frequency: Frequency | None
    """``None`` when it has ended."""
    paused_until: datetime | None = None

    def asks(self) -> bool:
        return self.frequency not in (None, Frequency.NEVER)

    def rests(self, now: datetime) -> bool:
        return self.paused_until is not None and now < self.paused_until

    @property
    def rank(self) -> tuple[int, UUID]:
        return ((self.frequency or Frequency.NEVER).urgency, self.id)


@dataclass
class Pending:
    """An event that the reader is still to be told of."""

    notice_id: UUID
    of_theme: bool
    recorded_at: datetime
    frequency: Frequency
    held_until: datetime
    """Before it a pause holds it back."""
    since: datetime
    """When it was last decided by what it is told."""

    @property
    def is_undisturbed(self) -> bool:
        return self.since == self.recorded_at


class ReadingOverTime(RuleBasedStateMachine):
    """One reader of two overlapping things, and a clock."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        wipe(world.database)
        world.tell(ThemeCreated(theme_id=new_id(), slug=THEME, title="Digital transformation"))
        self.now = BEGIN
        self.hours = Hours("en", "Europe/Berlin", 8, 1)
        self.wishes: dict[str, Wish] = {}
        for name, target in TARGETS.items():
            made = world.subscribe(
                "ana@example.org", Frequency.DAILY, target, hours=self.hours, at=BEGIN
            )
            self.wishes[name] = Wish(made.id, Frequency.DAILY)
        self.reader_id = made.subscriber_id
        self.pending: dict[UUID, Pending] = {}
        self.told: set[UUID] = set()

    @rule(of_theme=st.booleans())
    def something_happens(self, of_theme: bool) -> None:
        self.now += timedelta(minutes=7)
        self._sweep_all_due()
        event_id = new_id()
        happening = Happening(
            kind=NoticeKind.UPDATE_POSTED,
            event_id=event_id,
            subject=f"updates/{event_id}",
            occurred_at=self.now,
            facts={},
            targets=(targets.theme(THEME),) if of_theme else (targets.update_kind("news"),),
        )
        with self.world.database.write() as session:
            sent = notices.record(session, happening, self.now).deliveries
            deliver_all(session, self.now)
            notice_id = session.exec(select(Notice.id).where(Notice.event_id == event_id)).one()
        asking = self._asking(of_theme=of_theme)
        awake = [each for each in asking if not each.rests(self.now)]
        best = min(awake, key=lambda each: each.rank, default=None)
        if best is not None and best.frequency is Frequency.IMMEDIATE:
            assert len(sent) == 1
            self.told.add(notice_id)
            return
        assert sent == []
        gathering = (
            [best] if best else [each for each in asking if each.frequency in DIGEST_FREQUENCIES]
        )
        if gathering:
            self._decide(notice_id, of_theme, self.now, gathering, None)

    @rule(hours=st.integers(1, 24 * 4), news=st.booleans())
    def a_day_passes_with_news(self, hours: int, news: bool) -> None:
        if news:
            self.something_happens(of_theme=False)
            self.something_happens(of_theme=True)
        self.time_passes(hours, down=False)

    @rule(hours=st.integers(1, 24 * 12), down=st.booleans())
    def time_passes(self, hours: int, down: bool) -> None:
        end = self.now + timedelta(hours=hours, minutes=11)
        if down:
            self.now = end
            return
        self._sweep_all_due()
        while (due := self._next_due()) is not None and due <= end:
            self.now = due + timedelta(seconds=3)
            self._sweep()
        self.now = max(self.now, end)

    @rule(name=NAMES, frequency=FREQUENCIES)
    def choose_how_soon(self, name: str, frequency: Frequency | None) -> None:
        wish = self.wishes[name]
        self._choose(name, frequency, wish.paused_until)

    @precondition(lambda self: any(each.frequency for each in self.wishes.values()))
    @rule(name=NAMES, days=st.integers(1, 12))
    def pause(self, name: str, days: int) -> None:
        if self.wishes[name].frequency is None:
            return
        day = self.now.date() + timedelta(days=days + 1)
        zone = self.hours.time_zone or "UTC"
        self._choose(name, self.wishes[name].frequency, pauses.begins(day, zone))

    @rule(name=NAMES)
    def go_on(self, name: str) -> None:
        self._choose(name, self.wishes[name].frequency, None)

    @rule(zone=ZONES, hour=st.integers(0, 23), weekday=st.integers(1, 7))
    def move(self, zone: str, hour: int, weekday: int) -> None:
        self.hours = Hours("en", zone, hour, weekday)
        self._apply([])
        # A pause lasts until the same day there.
        with self.world.database.read() as session:
            for wish in self.wishes.values():
                wish.paused_until = session.get_one(Subscription, wish.id).paused_until
        self._decide_again()

    @rule(name=NAMES, frequency=st.sampled_from(DIGEST_FREQUENCIES))
    def leave_and_come_back(self, name: str, frequency: Frequency) -> None:
        with self.world.database.write() as session:
            leaving.leave(session, self.reader_id, self.now)
        for wish in self.wishes.values():
            wish.frequency = None
        self.pending.clear()
        self._choose(name, frequency, None)

    @invariant()
    def nothing_is_told_that_should_not_be(self) -> None:
        assert self._told() == self.told

    @invariant()
    def nothing_is_forgotten(self) -> None:
        with self.world.database.read() as session:
            waiting = set(
                session.exec(
                    select(DigestItem.notice_id).where(col(DigestItem.digest_id).is_(None))
                )
            )
        assert waiting == self.pending.keys()

    @invariant()
    def windows_of_one_frequency_follow_each_other(self) -> None:
        with self.world.database.read() as session:
            for frequency in DIGEST_FREQUENCIES:
                windows = session.exec(
                    select(Digest.window_start, Digest.window_end)
                    .where(Digest.frequency == frequency)
                    .order_by(col(Digest.window_end))
                ).all()
                assert all(start and start < end for start, end in windows)
                for (_, end), (start, _) in pairwise(windows):
                    assert start is not None
                    assert end <= start
            empty = session.exec(
                select(func.count())
                .select_from(Digest)
                .where(~select(DigestItem.id).where(DigestItem.digest_id == Digest.id).exists())
            ).one()
        assert empty == 0, "there is nothing to say, so there is no e-mail"

    def teardown(self) -> None:
        """In the end all that is pending is told, once its pauses are over."""
        self._sweep_all_due()
        end = self.now + timedelta(days=80)
        while (due := self._next_due()) is not None and due <= end:
            self.now = due + timedelta(seconds=3)
            self._sweep()
        assert self.pending == {}
        assert self._told() == self.told

    def _asking(self, *, of_theme: bool) -> list[Wish]:
        names = ["everything", "theme"] if of_theme else ["everything"]
        return [self.wishes[name] for name in names if self.wishes[name].asks()]

    def _decide(
        self,
        notice_id: UUID,
        of_theme: bool,
        recorded_at: datetime,
        asking: list[Wish],
        before: Frequency | None,
    ) -> None:
        awake = [each for each in asking if not each.rests(self.now)]
        best = min(
            awake or asking,
            key=lambda each: each.rank if awake else (each.paused_until or BEGIN, *each.rank),
        )
        frequency = best.frequency
        if frequency is None or frequency not in DIGEST_FREQUENCIES:
            assert before is not None
            frequency = before
        held = best.paused_until if best.rests(self.now) and best.paused_until else recorded_at
        self.pending[notice_id] = Pending(
            notice_id, of_theme, recorded_at, frequency, held, self.now
        )

    def _decide_again(self) -> None:
        for each in list(self.pending.values()):
            asking = self._asking(of_theme=each.of_theme)
            if asking:
                self._decide(
                    each.notice_id, each.of_theme, each.recorded_at, asking, each.frequency
                )
            else:
                del self.pending[each.notice_id]

    def _choose(self, name: str, frequency: Frequency | None, until: datetime | None) -> None:
        wish = self.wishes[name]
        wish.frequency = frequency
        if frequency is not None:
            wish.paused_until = until
        self._apply([Choice(wish.id, frequency, until)])
        self._decide_again()

    def _apply(self, chosen: list[Choice]) -> None:
        with self.world.database.write() as session:
            choices.choose(session, self.reader_id, self.hours, chosen, self.now)

    def _next_due(self) -> datetime | None:
        """Return when the notifier has something to do next, or should have by the model."""
        with self.world.database.read() as session:
            kept = session.exec(
                select(DigestWindow.ends_at).order_by(col(DigestWindow.ends_at)).limit(1)
            ).first()
        known = [self._due(each) for each in self.pending.values()]
        return min([*known, *([kept] if kept else [])], default=None)

    def _sweep_all_due(self) -> None:
        """The notifier is up: what is due is done, at once after an outage."""
        while (due := self._next_due()) is not None and due <= self.now:
            self._sweep()

    def _sweep(self) -> None:
        """Do what the sweep and the workers do, and look at what that told."""
        before = self._told()
        with self.world.database.read() as session:
            digests_before = set(session.exec(select(Digest.id)))
        with self.world.database.write() as session:
            runs = digest_runs.start_missing(session, self.now)
        for run_id in runs:
            with self.world.database.write() as session:
                while collecting.collect_batch(session, run_id, self.now) is not None:
                    pass
        with self.world.database.write() as session:
            deliver_all(session, self.now)
        with self.world.database.read() as session:
            new = [each for each in session.exec(select(Digest)) if each.id not in digests_before]
        assert len(new) == len({each.frequency for each in new}), "one digest catches up"
        ends = {each.frequency: each.window_end for each in new}
        for notice_id in self._told() - before:
            self._check_time(self.pending.pop(notice_id), ends)
            self.told.add(notice_id)
        for each in self.pending.values():
            assert self._due(each) > self.now, "it was due and was not told"

    def _check_time(self, told: Pending, ends: dict[Frequency, datetime]) -> None:
        end = ends[told.frequency]
        assert told.recorded_at < end <= self.now
        assert told.held_until <= end
        if told.is_undisturbed:
            last = last_window_end(self.now, self._schedule(told.frequency))
            assert end == max(self._due(told), last)

    def _due(self, pending: Pending) -> datetime:
        """Return the first end of a window at which the event may be told."""
        end = next_window_end(pending.since, self._schedule(pending.frequency))
        while end < pending.held_until:
            end = next_window_end(end, self._schedule(pending.frequency))
        return end

    def _schedule(self, frequency: Frequency) -> Schedule:
        hours = self.hours
        return Schedule(frequency, hours.time_zone or "UTC", hours.hour or 0, hours.weekday or 1)

    def _told(self) -> set[UUID]:
        with self.world.database.read() as session:
            found = session.exec(
                select(DigestItem.notice_id).where(col(DigestItem.digest_id).is_not(None))
            ).all()
        assert len(found) == len(set(found)), "nothing is told twice"
        return set(found)


def deliver_all(session: Session, now: datetime) -> None:
    """Let the mail server take all there is: what has not left could still be taken back."""
    session.exec(update(Delivery).values(state=DeliveryState.SENT, finished_at=now))


def test_each_event_is_told_once_and_in_time(world: World) -> None:
    class OfThisWorld(ReadingOverTime):
        def __init__(self) -> None:
            super().__init__(world)

    run_state_machine_as_test(
        OfThisWorld,
        settings=settings(
            max_examples=6,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
