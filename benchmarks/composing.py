"""How long it takes to write digests of 20 items, each reader's different, beside the plain way.

The fragments' way is measured whole: it reads its digests from SQLite; each run starts with
nothing told yet and is measured a second time, as it is from then on. The plain way has its notices
ready in memory and does what a team writes first: a template run for each reader, its CSS inlined,
and the standard library's message. All is processor time, so that other work on the machine counts
less.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from random import Random
from tempfile import TemporaryDirectory
from uuid import UUID

import css_inline
from jinja2 import Environment, Template
from sqlmodel import Session, col, select

from benchmarks.effort import Effort
from benchmarks.report import Result
from services.notifier.deliveries import Claim
from services.notifier.languages import LANGUAGES
from services.notifier.links import make_secret
from services.notifier.mail import composing, stories
from services.notifier.mail.envelopes import Envelope
from services.notifier.tables import (
    Delivery,
    Digest,
    DigestItem,
    Group,
    Notice,
    Subscriber,
    Subscription,
)
from services.notifier.vocabulary import DeliveryKind, Frequency, NoticeKind, TargetKind
from services.notifier.wording import wording
from shared.database import Database
from shared.ids import new_id
from shared.migration import upgrade

DIGESTS = 1_000
ITEMS = 20
NOTICES = 500
THEMES = 12
BATCH = 100
PLAIN_DIGESTS = 100
NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
SEED = 2030
TEXT = (
    "Forty experts of the network can teach in the first quarter. Ministries of health and of "
    "education, universities and regional bodies may ask for them until the end of the month; "
    "travel is paid by the host."
)


def measure(effort: Effort) -> list[Result]:
    """Return the time of a digest in both ways, and the share of one in the other."""
    effort.console.print(f"{DIGESTS:,} digests of {ITEMS} items, all different …")
    with TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/notifier.db")
        upgrade(database, "services.notifier:migrations")
        make_secret(database)
        claims = _fill(database, Random(SEED))
        runs = [_run(database, claims) for _ in range(effort.runs)]
        database.close()
    question = f"A digest of {ITEMS} items and {runs[0].size / 1000:.0f} kB"
    return [
        _result(question, "the first thousand of a process", [each.first for each in runs]),
        _result(question, "from then on", [each.later for each in runs]),
        _result(question, "the plain way", [each.plain for each in runs], PLAIN_DIGESTS),
        Result(
            question,
            "share of the plain way from then on",
            "%",
            None,
            tuple(100 * each.later / each.plain for each in runs),
            DIGESTS,
        ),
    ]


@dataclass(frozen=True)
class _Run:
    first: float
    later: float
    plain: float
    """Milliseconds of one digest."""
    size: float


def _result(question: str, figure: str, runs: Sequence[float], samples: int = DIGESTS) -> Result:
    return Result(question, figure, "ms", None, tuple(runs), samples)


def _run(database: Database, claims: Sequence[Claim]) -> _Run:
    composing.forget()
    first, size = _from_fragments(database, claims)
    later, _ = _from_fragments(database, claims)
    with database.read() as session:
        told = [_told(session, claim.digest_id) for claim in claims[:PLAIN_DIGESTS]]
    inliner = css_inline.CSSInliner()
    template = Environment(autoescape=True).from_string(_TEMPLATE)
    start = time.process_time()
    for language, notices in told:
        _plain(inliner, template, language, notices)
    return _Run(first, later, 1000 * (time.process_time() - start) / len(told), size)


def _from_fragments(database: Database, claims: Sequence[Claim]) -> tuple[float, float]:
    """Return the milliseconds and the bytes of one digest."""
    size = 0
    start = time.process_time()
    for first in range(0, len(claims), BATCH):
        with database.read() as session:
            for made in composing.compose(
                session,
                claims[first : first + BATCH],
                mail_from="Southlink <news@bench.example.org>",
                public_url="https://bench.example.org",
            ):
                assert isinstance(made, Envelope)
                size += len(made.content)
    return 1000 * (time.process_time() - start) / len(claims), size / len(claims)


def _told(session: Session, digest_id: UUID | None) -> tuple[str, list[Notice]]:
    rows = session.exec(
        select(Subscriber.language, Notice)
        .join(DigestItem, col(DigestItem.subscriber_id) == col(Subscriber.id))
        .join(Notice, col(Notice.id) == col(DigestItem.notice_id))
        .where(col(DigestItem.digest_id) == digest_id)
    ).all()
    return rows[0][0], [notice for _, notice in rows]


def _plain(
    inliner: css_inline.CSSInliner, template: Template, language: str, notices: Sequence[Notice]
) -> bytes:
    words = wording(language)
    items = [stories.tell(notice, words, date(2026, 11, 2)) for notice in notices]
    message = EmailMessage(policy=SMTP)
    message["From"] = "Southlink <news@bench.example.org>"
    message["To"] = "reader@bench.example.org"
    message["Subject"] = items[0].summary
    message.set_content("\n\n".join(f"* {each.headline.text}\n{each.text.text}" for each in items))
    html = inliner.inline(template.render(items=items, words=words))
    message.add_alternative(html, subtype="html")
    return message.as_bytes()


def _fill(database: Database, random: Random) -> list[Claim]:
    groups = [_group(number) for number in range(THEMES)]
    notices = [_notice(number, random) for number in range(NOTICES)]
    with database.write() as session:
        session.add_all(groups)
        session.add_all(notices)
        session.flush()
        ids = [notice.id for notice in notices]
        claims = []
        for number in range(DIGESTS):
            reader = Subscriber(
                email=f"reader{number}@bench.example.org",
                language=LANGUAGES[number % len(LANGUAGES)],
                time_zone="Asia/Bangkok",
                hour=8,
                weekday=1,
            )
            session.add(reader)
            session.flush()
            followed = Subscription(
                subscriber_id=reader.id,
                target_kind=TargetKind.EVERYTHING,
                target_id="",
                frequency=Frequency.DAILY,
                confirmed_at=NOW,
            )
            digest = Digest(
                subscriber_id=reader.id, frequency=Frequency.DAILY, window_end=NOW, created_at=NOW
            )
            session.add_all([followed, digest])
            session.flush()
            delivery = Delivery(
                kind=DeliveryKind.DIGEST, digest_id=digest.id, subscriber_id=reader.id
            )
            session.add(delivery)
            session.add_all(
                DigestItem(
                    subscriber_id=reader.id,
                    notice_id=each,
                    subscription_id=followed.id,
                    frequency=Frequency.DAILY,
                    recorded_at=NOW,
                    digest_id=digest.id,
                )
                for each in random.sample(ids, ITEMS)
            )
            claims.append(Claim(delivery.id, delivery.kind, None, digest.id, None, 1))
            session.flush()
    return claims


def _group(number: int) -> Group:
    return Group(
        id=UUID(int=number),
        title=f"Group on theme number {number}",
        theme_slug=f"theme-{number}",
        status="active",
        visibility="all",
        version=1,
    )


def _notice(number: int, random: Random) -> Notice:
    theme = random.randrange(THEMES)
    kind = random.choice(["opportunity", "challenge", "news", "resource"])
    return Notice(
        event_id=new_id(),
        kind=NoticeKind.UPDATE_POSTED,
        subject=f"updates/{number}",
        theme_slug=f"theme-{theme}",
        theme_title=f"Theme number {theme}",
        group_id=UUID(int=theme),
        group_title=f"Group on theme number {theme}",
        facts={
            "kind": kind,
            "title": f"Experts for the region, offer {number}",
            "text": TEXT,
            "institution_name": f"Institution number {number % 200}",
            "institution_acronym": f"I{number % 200}",
        },
        targets=["everything:"],
        occurred_at=NOW - timedelta(hours=1, seconds=number),
        recorded_at=NOW - timedelta(hours=1),
    )


_TEMPLATE = """<!doctype html><html lang="{{ words.language }}"><head><style>
.page { margin: 0; background: #eef3f2 } .card { background: #fff; padding: 28px 32px }
.item { margin: 14px 0 20px } .soft { margin: 0; font-size: 12px; color: #53655f }
.head { margin: 0; font-size: 17px; font-weight: 700 } .text { margin: 8px 0 0 }
</style></head><body class="page"><table class="card"><tr><td>
{% for item in items %}<div class="item"><p class="soft">{{ item.label }}</p>
<p class="head" dir="{{ item.headline.direction }}">{{ item.headline.text }}</p>
<p class="soft">{{ item.byline }}</p><p class="text">{{ item.text.text }}</p></div>
{% endfor %}</td></tr></table></body></html>"""
