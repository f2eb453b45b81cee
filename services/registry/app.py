"""Builds the registry's application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import APIRouter, FastAPI

from services.registry import figures
from services.registry.code_mail import Postman
from services.registry.imports import Importer
from services.registry.pages import invitation as invitation_page
from services.registry.routes import (
    api_keys,
    decisions,
    duplicates,
    exports,
    finding,
    flags,
    imports,
    institution_history,
    institution_people,
    institutions,
    introduction_steps,
    introductions,
    invitations,
    logos,
    matches,
    me,
    merging,
    needs,
    offers,
    people,
    sessions,
    sign_ins,
    standing,
    tokens,
    transitions,
    verifications,
    vocabularies,
)
from services.registry.search_cards import new_catalogue
from services.registry.settings import SERVICE, Settings
from services.registry.settings import settings as settings_of_the_process
from services.registry.sign_in import CODE_SPENT, WRONG_CODE
from services.registry.signing_key import SigningKeyError, load_signing_keys
from services.registry.tables import IdempotencyRecord
from shared.database import Database
from shared.events.catalogue import REGISTRY
from shared.feed import feed_router
from shared.identity import LocalKeySet, TokenVerifier
from shared.mail import Smtp
from shared.observation import Check, redis_check
from shared.outbox import outbox_figures
from shared.search.warming import warming
from shared.web import build_app


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application; the process ends in words when the signing key can't be used."""
    settings = settings or settings_of_the_process()
    try:
        keys = load_signing_keys(settings.signing_key_file)
    except SigningKeyError as error:
        raise SystemExit(str(error)) from None
    postman = Postman(Smtp.of(settings), settings.mail_from)
    catalogue = new_catalogue()
    database = Database(settings.database_url)
    importer = Importer(database)
    app = build_app(
        service=SERVICE,
        settings=settings,
        database=database,
        verifier=TokenVerifier(LocalKeySet(keys.published)),
        idempotency=IdempotencyRecord,
        routers=[
            exports.router,
            institutions.router,
            institution_history.router,
            finding.router,
            logos.router,
            imports.router,
            decisions.router,
            duplicates.router,
            standing.router,
            verifications.router,
            flags.router,
            transitions.router,
            merging.router,
            sign_ins.router,
            tokens.router,
            people.router,
            me.router,
            institution_people.router,
            invitations.router,
            invitation_page.router,
            sessions.router,
            api_keys.router,
            vocabularies.router,
            needs.router,
            offers.router,
            matches.router,
            introductions.router,
            introduction_steps.router,
            feed_router(REGISTRY),
            _closing(postman),
            warming(catalogue),
            _closing(importer),
        ],
        readiness=[_signing_key_check(settings), redis_check(settings.redis_url)],
        figures=[figures.collect, partial(outbox_figures, REGISTRY)],
        kinds=[WRONG_CODE, CODE_SPENT],
        body_limits={imports.router.prefix: settings.max_import_bytes},
    )
    app.state.signing_keys = keys
    app.state.postman = postman
    app.state.catalogue = catalogue
    app.state.importer = importer
    return app


def _signing_key_check(settings: Settings) -> Check:
    def run() -> str | None:
        try:
            load_signing_keys(settings.signing_key_file)
        except SigningKeyError as error:
            return str(error)
        return None

    # The process has its keys in memory: a lost file is found before the next start, not by it.
    return Check("signing_key", run, needed=False)


def _closing(thread: Postman | Importer) -> APIRouter:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        thread.close()

    return APIRouter(lifespan=lifespan)
