"""Where an embedded installation keeps its data, on which ports it listens, and its settings."""

import os
import secrets
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

HOST = "127.0.0.1"
COORDINATOR_EMAIL = "coordinator@example.org"
COORDINATOR_NAME = "Southlink coordinator"


class NoFreePortError(Exception):
    """No port is free near the wanted one; says which."""


@dataclass(frozen=True)
class Ports:
    """A TCP port of the loopback interface for each listener."""

    registry: int = 8001
    workgroups: int = 8002
    notifier: int = 8003
    mail: int = 8004
    smtp: int = 8025
    redis: int = 8079


def free_ports(wanted: Ports) -> Ports:
    """Return the wanted ports, each replaced by the next free one when somebody else has it."""
    taken: set[int] = set()
    chosen: dict[str, int] = {}
    for name, port in asdict(wanted).items():
        for candidate in range(port, min(port + 500, 65_536)):
            if candidate not in taken and is_free(candidate):
                taken.add(candidate)
                chosen[name] = candidate
                break
        else:
            raise NoFreePortError(
                f"No port from {port} on is free for {name}. Stop what listens there and try again."
            )
    return Ports(**chosen)


def is_free(port: int) -> bool:
    """Whether nobody listens on a port of the loopback interface."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


@dataclass(frozen=True)
class Installation:
    """An embedded installation: a folder and its ports."""

    folder: Path
    ports: Ports

    @property
    def registry_url(self) -> str:
        """The registry's base URL."""
        return f"http://{HOST}:{self.ports.registry}"

    @property
    def workgroups_url(self) -> str:
        """The base URL of workgroups."""
        return f"http://{HOST}:{self.ports.workgroups}"

    @property
    def notifier_url(self) -> str:
        """The notifier's base URL."""
        return f"http://{HOST}:{self.ports.notifier}"

    @property
    def mail_url(self) -> str:
        """The page of the mail catcher."""
        return f"http://{HOST}:{self.ports.mail}"

    @property
    def redis_url(self) -> str:
        """The embedded Redis."""
        return f"redis://:{self.redis_password()}@{HOST}:{self.ports.redis}/0"

    def database_url(self, service: str) -> str:
        """Return the URL of a service's database."""
        return f"sqlite:///{self.folder / service}.db"

    def environment(self) -> dict[str, str]:
        """Return the settings of every service as environment variables."""
        feed_key = self._secret("feed-key", "sl_feed_")
        variables: dict[str, str] = {}
        for service in ("registry", "workgroups", "notifier"):
            prefix = service.upper()
            variables |= {
                f"{prefix}_DATABASE_URL": self.database_url(service),
                f"{prefix}_REDIS_URL": self.redis_url,
                f"{prefix}_PUBLIC_URL": f"http://{HOST}:{getattr(self.ports, service)}",
                f"{prefix}_REGISTRY_URL": self.registry_url,
                f"{prefix}_FEED_KEY": feed_key,
            }
        for service in ("REGISTRY", "NOTIFIER"):
            variables |= {
                f"{service}_SMTP_HOST": HOST,
                f"{service}_SMTP_PORT": str(self.ports.smtp),
                f"{service}_MAIL_FROM": "Southlink <southlink@example.org>",
            }
        return variables | {
            "REGISTRY_SIGNING_KEY_FILE": str(self.folder / "signing-key.json"),
            "WORKGROUPS_ATTACHMENTS": str(self.folder / "attachments"),
            "NOTIFIER_WORKGROUPS_URL": self.workgroups_url,
            "NOTIFIER_CELERY_BROKER_URL": self.redis_url.removesuffix("/0") + "/1",
            "NOTIFIER_SWEEP_SECONDS": "1",
        }

    def redis_password(self) -> str:
        """Return the password that keeps others on this machine out of the embedded Redis."""
        return self._secret("redis-password", "")

    def _secret(self, name: str, prefix: str) -> str:
        path = self.folder / name
        if not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(prefix + secrets.token_urlsafe(32))
        return path.read_text()
