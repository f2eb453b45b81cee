"""What the figures were measured on."""

import os
import platform
import sqlite3
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version

import psutil
from redis import Redis

LIBRARIES = ("fastapi", "uvicorn", "pydantic", "sqlalchemy", "celery", "redis")


@dataclass(frozen=True)
class Machine:
    """The parts of a machine that a figure depends on."""

    cores: int
    memory_gib: float
    versions: dict[str, str]

    def versions_line(self) -> str:
        """Return the versions as one line."""
        return ", ".join(f"{name} {number}" for name, number in self.versions.items()) + "."


def this_machine(servers: Mapping[str, str]) -> Machine:
    """Return what this process runs on; ``servers`` are those it measured, with their versions."""
    return Machine(
        cores=_cores(),
        memory_gib=psutil.virtual_memory().total / 2**30,
        versions={
            "Python": platform.python_version(),
            **servers,
            "SQLite": sqlite3.sqlite_version,
            **{f"{library} (library)": version(library) for library in LIBRARIES},
        },
    )


def redis_version(redis_url: str) -> dict[str, str]:
    """Return the name and the version of the Redis at ``redis_url``."""
    with Redis.from_url(redis_url, decode_responses=True) as client:
        server = client.info("server")
    name = str(server.get("server_name", "redis"))
    number = str(server.get(f"{name}_version", server["redis_version"]))
    return {name.capitalize(): number}


def _cores() -> int:
    """Return how many cores this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
