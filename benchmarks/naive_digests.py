"""What a team would write first: a Celery task per e-mail that does everything by itself.

It reads its digest, renders a Jinja template, inlines the CSS, opens a connection, sends, and notes
that it did. ``celery -A benchmarks.naive_digests worker`` runs it with Celery's own defaults.
"""

import os
import smtplib
from email.message import EmailMessage
from functools import cache
from uuid import UUID

import css_inline
from celery import Celery
from jinja2 import Environment
from sqlmodel import col, select

from services.notifier.tables import Delivery, Digest, DigestItem, Notice, Subscriber
from services.notifier.vocabulary import DeliveryState
from shared.columns import utc_now
from shared.database import Database

TEMPLATE = """<!doctype html><html><head><title>Your digest</title><style>
body { margin: 0; background: #f3f6f4; font-family: sans-serif; color: #1c2b26 }
h1 { font-size: 24px; line-height: 30px } h2 { font-size: 18px; border-bottom: 1px solid #ccd }
.item { padding: 12px 0; border-top: 1px solid #dde5e1 } .label { color: #53655f; font-size: 13px }
.headline { font-size: 17px; font-weight: bold } .text { margin: 4px 0 0; line-height: 22px }
a { color: #0b6b4f } .foot { font-size: 13px; color: #53655f; padding: 24px 0 }
</style></head><body><h1>Your digest</h1><p>{{ items|length }} things are new.</p>
{% for group, notices in items|groupby("group_title") %}<h2>{{ group }}</h2>
{% for notice in notices %}<div class="item"><p class="label">{{ notice.facts.kind }}</p>
<p class="headline"><a href="https://south.example.org/updates/{{ notice.id }}">{{
notice.facts.title }}</a></p><p class="label">{{ notice.facts.institution_name }}</p>
<p class="text">{{ notice.facts.text }}</p></div>{% endfor %}{% endfor %}
<p class="foot"><a href="https://south.example.org/unsubscribe/{{ reader.id }}">Unsubscribe</a></p>
</body></html>"""

app = Celery("naive", broker=os.environ.get("NOTIFIER_CELERY_BROKER_URL"))
app.conf.update(task_ignore_result=True, task_default_queue="naive")


@cache
def database() -> Database:
    """Return this process's database."""
    return Database(os.environ["NOTIFIER_DATABASE_URL"])


@app.task(name="naive.send")
def send(delivery_id: str) -> None:
    """Send one digest."""
    with database().write() as session:
        delivery = session.get_one(Delivery, UUID(delivery_id))
        digest = session.get_one(Digest, delivery.digest_id)
        reader = session.get_one(Subscriber, digest.subscriber_id)
        items = session.exec(
            select(Notice)
            .join(DigestItem, col(DigestItem.notice_id) == col(Notice.id))
            .where(col(DigestItem.digest_id) == digest.id)
        ).all()
        template = Environment(autoescape=True).from_string(TEMPLATE)
        html = css_inline.inline(template.render(items=items, reader=reader))
        message = EmailMessage()
        message["From"] = "Southlink <news@south.example.org>"
        message["To"] = reader.email
        message["Subject"] = f"{len(items)} things are new"
        message.set_content("\n\n".join(f"{n.facts['title']}\n{n.facts['text']}" for n in items))
        message.add_alternative(html, subtype="html")
        with smtplib.SMTP("127.0.0.1", int(os.environ["NOTIFIER_SMTP_PORT"])) as server:
            server.send_message(message)
        delivery.state = DeliveryState.SENT
        delivery.finished_at = utc_now()
        session.add(delivery)
