"""Builds the application of workgroups."""

from fastapi import FastAPI

import services.workgroups.search_index  # noqa: F401  so that what is written is found
from services.workgroups import figures
from services.workgroups.attachment_store import AttachmentStore
from services.workgroups.readiness import history_check, parked_check
from services.workgroups.routes import (
    action_item_list,
    action_item_log,
    action_items,
    admissions,
    agreed_points,
    attachments,
    bulk,
    calendars,
    charters,
    comments,
    exports,
    feeds,
    finding,
    group_steps,
    groups,
    institutions,
    invitations,
    me,
    meeting_plans,
    meeting_series,
    meetings,
    members,
    minutes,
    owed,
    own_addresses,
    own_meetings,
    reassignments,
    record,
    reports,
    roles,
    series_invitations,
    themes,
    trace,
    transitions,
    update_steps,
    updates,
)
from services.workgroups.search_cards import new_catalogue
from services.workgroups.settings import SERVICE, Settings, settings
from services.workgroups.tables import IdempotencyRecord
from shared.database import Database
from shared.events.catalogue import WORKGROUPS
from shared.feed import feed_router
from shared.identity import RemoteKeySet, TokenVerifier
from shared.observation import redis_check
from shared.search.warming import warming
from shared.web import build_app


def create_app() -> FastAPI:
    """Return the application of this process, as its settings say."""
    chosen = settings()
    return app_of(
        chosen, Database(chosen.database_url), TokenVerifier(RemoteKeySet(chosen.registry_url))
    )


def app_of(chosen: Settings, database: Database, verifier: TokenVerifier) -> FastAPI:
    """Return the application on the given database and verifier."""
    catalogue = new_catalogue()
    app = build_app(
        service=SERVICE,
        settings=chosen,
        database=database,
        verifier=verifier,
        idempotency=IdempotencyRecord,
        routers=[
            themes.router,
            groups.router,
            group_steps.router,
            charters.router,
            members.router,
            admissions.router,
            roles.router,
            updates.router,
            update_steps.router,
            comments.router,
            attachments.router,
            meetings.router,
            meeting_plans.router,
            meeting_series.router,
            series_invitations.router,
            invitations.router,
            minutes.router,
            calendars.router,
            action_items.router,
            action_item_list.router,
            bulk.router,
            action_item_log.router,
            reassignments.router,
            owed.router,
            own_meetings.router,
            agreed_points.router,
            trace.router,
            institutions.router,
            me.router,
            transitions.router,
            finding.router,
            feeds.router,
            own_addresses.router,
            exports.router,
            reports.router,
            record.router,
            feed_router(WORKGROUPS),
            warming(catalogue),
        ],
        readiness=[
            history_check(database),
            redis_check(chosen.redis_url),
            parked_check(database),
        ],
        figures=[figures.collect],
        body_limits={
            attachments.SEND_PATH: chosen.max_attachment_bytes,
            attachments.DOCUMENTS_PATH: chosen.max_attachment_bytes,
            **bulk.BODY_LIMITS,
        },
    )
    app.state.catalogue = catalogue
    app.state.attachments = AttachmentStore(chosen)
    return app
