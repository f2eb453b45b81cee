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
import pydantic.v1
import sqlalchemy.dialects.sqlite.pysqlite
import sqlalchemy.orm
import sqlmodel
import uvicorn.protocols.http.httptools_impl

import services.notifier.projections
import services.notifier.tables
import services.registry.calendar
import services.registry.tables
import services.workgroups.calendar
import services.workgroups.projections
import services.workgroups.search_index
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
    pydantic.v1,
    services.notifier.projections,
    services.notifier.tables,
    services.registry.calendar,
    services.registry.tables,
    services.workgroups.calendar,
    services.workgroups.projections,
    services.workgroups.search_index,
    shared.commands,
    shared.feed,
    shared.idempotency,
    shared.relay,
    sqlalchemy.dialects.sqlite.pysqlite,
    sqlmodel,
    uvicorn.protocols.http.httptools_impl,
)

# Each process would do it at its first query, and write to the pages of every table.
sqlalchemy.orm.configure_mappers()

# A collection in a child would write to every shared page.
gc.collect()
gc.freeze()
