"""A notifier with as many readers as a run may have, filled by the database itself.

Each follows one of the groups and is told a few of its notices: which ones differs from reader to
reader, and the items of one reader lie apart in the table, as events bring them one after another.
"""

from datetime import datetime, timedelta

from sqlalchemy import insert, text

from benchmarks.large_notifier import GROUPS, NOTICES, groups, notices, vacuum
from services.notifier.tables import Group, Notice
from services.notifier.vocabulary import Frequency
from shared.columns import utc_now
from shared.database import Database

ITEMS = 5
"""Of each reader."""

OPENED = timedelta(days=2)
"""For how long the windows have been open."""

READERS = {
    # Ids that grow, as those that the notifier makes.
    "subscriber": """
        INSERT INTO subscriber (id, email, own_language, own_time_zone, language, time_zone, hour,
                                weekday, version, created_at)
        SELECT {id}, 'reader' || n || '@domain' || n % 300 || '.example.org', false, false,
               'en', 'UTC', 8, 1, 1, :now
        FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS n
    """,
    "subscription": """
        INSERT INTO subscription (id, subscriber_id, target_kind, target_id, frequency, origin,
                                  chosen, confirmed_at, version)
        SELECT {id}, {id}, 'group', lpad(to_hex(n % {groups}), 32, '0')::uuid, :frequency, 'asked',
               false, :now, 1
        FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS n
    """,
    "digest_window": """
        INSERT INTO digest_window (subscriber_id, frequency, starts_at, ends_at)
        SELECT {id}, :frequency, :opened, :now + interval '1 day'
        FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS n
    """,
    "digest_item": """
        INSERT INTO digest_item (id, subscriber_id, notice_id, subscription_id, frequency,
                                 recorded_at)
        SELECT gen_random_uuid(), {id}, notice.id, {id}, :frequency, :now
        FROM generate_series(0, {items} - 1) AS place
        CROSS JOIN generate_series(CAST(:first AS int), CAST(:last AS int)) AS n
        JOIN (
            SELECT id, substr(subject, 9)::int AS number FROM notice
        ) AS notice ON notice.number
            = n % {groups} + {groups} * ((n / {groups} + place * {apart}) % {of_group})
        ORDER BY place, n
    """,
}

ID = "('0198' || lpad(to_hex(n), 8, '0') || '70008000' || substr(md5(n::text), 1, 12))::uuid"


def tell_groups(database: Database) -> None:
    """Add the groups and what is told of them."""
    with database.write() as session:
        session.execute(insert(Group), groups())
        session.execute(insert(Notice), notices(utc_now()))


def add_readers(database: Database, first: int, number: int, frequency: Frequency) -> None:
    """Add readers of this frequency, numbered from ``first``, with their waiting items."""
    of_group = NOTICES // GROUPS
    written = {"id": ID, "groups": GROUPS, "items": ITEMS, "apart": 3, "of_group": of_group}
    now = utc_now()
    values: dict[str, int | str | datetime] = {
        "first": first,
        "last": first + number - 1,
        "frequency": frequency.value,
        "now": now,
        "opened": now - OPENED,
    }
    with database.write() as session:
        if session.execute(
            text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        ).scalar_one():
            # What refers to what is right by how it is made; checking it takes longest.
            session.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in READERS.values():
            session.execute(text(statement.format_map(written)), values)
    vacuum(database)
