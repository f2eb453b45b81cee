"""The notifier's HTTP application."""

from functools import partial

from fastapi import FastAPI

from services.notifier.bounces import figures as of_bounces
from services.notifier.deliveries import NOT_STOPPED
from services.notifier.links import BAD_LINK
from services.notifier.overview import figures
from services.notifier.pages import confirm, digest, erase, feed_addresses, preferences, unsubscribe
from services.notifier.previews.choosing import NOTHING_REAL
from services.notifier.previews.trials import NO_ADDRESS
from services.notifier.projections import REGISTRY_PROJECTION, WORKGROUPS_PROJECTION
from services.notifier.readiness import broker_check, smtp_check
from services.notifier.resending import NOT_AGAIN
from services.notifier.routes import (
    announcements,
    bounces,
    deliveries,
    digest_runs,
    feeds,
    me,
    own_subscriptions,
    previews,
    reading,
    sending,
    subscriptions,
    suppressions,
    webhook_messages,
    webhooks,
)
from services.notifier.settings import SERVICE, Settings, settings
from services.notifier.tables import IdempotencyRecord
from services.notifier.webhooks import figures as of_webhooks
from shared.database import Database
from shared.identity import RemoteKeySet, TokenVerifier
from shared.observation import redis_check
from shared.projection import projection_figures
from shared.web import build_app


def create_app() -> FastAPI:
    """Return the application of this process, as its settings say."""
    chosen = settings()
    return app_of(
        chosen, Database(chosen.database_url), TokenVerifier(RemoteKeySet(chosen.registry_url))
    )


def app_of(chosen: Settings, database: Database, verifier: TokenVerifier) -> FastAPI:
    """Return the application on the given database and verifier."""
    return build_app(
        service=SERVICE,
        settings=chosen,
        database=database,
        verifier=verifier,
        idempotency=IdempotencyRecord,
        routers=[
            subscriptions.router,
            digest_runs.router,
            deliveries.router,
            previews.router,
            sending.router,
            announcements.router,
            bounces.router,
            suppressions.router,
            me.router,
            own_subscriptions.router,
            reading.router,
            feeds.router,
            webhooks.router,
            webhook_messages.router,
            confirm.router,
            preferences.router,
            feed_addresses.router,
            unsubscribe.router,
            erase.router,
            digest.router,
        ],
        readiness=[
            redis_check(chosen.redis_url),
            broker_check(chosen.celery_broker_url),
            smtp_check(chosen.smtp_host, chosen.smtp_port),
        ],
        figures=[
            figures,
            of_bounces.figures,
            of_webhooks.figures,
            partial(projection_figures, REGISTRY_PROJECTION),
            partial(projection_figures, WORKGROUPS_PROJECTION),
        ],
        kinds=[NOT_STOPPED, NOT_AGAIN, NOTHING_REAL, NO_ADDRESS, BAD_LINK],
        body_limits={
            announcements.router.prefix: announcements.MAX_BYTES,
            announcements.ONE_PATH: announcements.MAX_BYTES,
            bounces.router.prefix: chosen.max_bounce_bytes,
            suppressions.IMPORT_PATH: suppressions.MAX_IMPORT_BYTES,
        },
    )
