"""Reading a catalogue when the application starts, beside its first requests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Thread

from fastapi import APIRouter, FastAPI

from shared.search.catalogue import Catalogue


def warming(catalogue: Catalogue) -> APIRouter:
    """Return a router without routes that reads the catalogue while the application starts."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        reader = Thread(target=catalogue.warm, args=(app.state.database,), name="warm search")
        reader.start()
        yield
        reader.join()

    return APIRouter(lifespan=lifespan)
