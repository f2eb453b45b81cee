"""What the processes of the stack have in common, imported once before they are forked.

Nothing here may start a thread, open a connection, read settings or make an id: each process must
begin that by itself.
"""

import gc

import aiosmtpd.smtp
import alembic.command
import celery.apps.worker
import celery.bin.celery
import celery.concurrency.thread
import fastapi
import joserfc.jwt
import kombu.transport.redis
import psycopg
import sqlmodel
import uvicorn.protocols.http.httptools_impl

import services.notifier.projections
import services.registry.calendar
import services.registry.tables
import services.workgroups.calendar
import services.workgroups.projections
import shared.commands
import shared.feed
import shared.idempotency
import shared.relay

PRELOADED = (
    aiosmtpd.smtp,
    alembic.command,
    celery.apps.worker,
    celery.bin.celery,
    celery.concurrency.thread,
    fastapi,
    joserfc.jwt,
    kombu.transport.redis,
    psycopg,
    services.notifier.projections,
    services.registry.calendar,
    services.registry.tables,
    services.workgroups.calendar,
    services.workgroups.projections,
    shared.commands,
    shared.feed,
    shared.idempotency,
    shared.relay,
    sqlmodel,
    uvicorn.protocols.http.httptools_impl,
)

# A collection in a child would write to every shared page.
gc.collect()
gc.freeze()
