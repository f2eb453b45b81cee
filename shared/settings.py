"""The settings that every service has, typed and read once from the environment.

Each service derives its own class with its prefix (``REGISTRY_``, ``WORKGROUPS_``, ``NOTIFIER_``).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings


@dataclass(frozen=True)
class ServiceDescription:
    """What a service is: the same for every installation."""

    name: str
    """Its package under ``services`` and the prefix of its settings, such as ``registry``."""
    title: str
    summary: str
    """One sentence for the API docs."""
    source: str | None
    """The source of the events that it publishes, or ``None`` when it publishes none."""
    port: int
    """The port that it serves by default."""

    @property
    def migrations(self) -> str:
        """The Alembic location of its migrations."""
        return f"services.{self.name}:migrations"


class ServiceSettings(BaseSettings):
    """What every service needs to know about its surroundings."""

    database_url: str = Field(
        "sqlite:///var/southlink.db",
        description="This service's own database: sqlite:///path or postgresql+psycopg://…",
    )
    redis_url: str = Field("redis://127.0.0.1:6379/0", description="Where the event streams are.")
    public_url: str = Field(
        "http://127.0.0.1:8000", description="The base URL of this service as its users see it."
    )
    root_path: str = Field("", description="The path prefix that a gateway strips, or nothing.")
    registry_url: str = Field(
        "http://127.0.0.1:8001",
        description="The registry's base URL inside the installation: key set, tokens, feed.",
    )
    feed_key: SecretStr | None = Field(
        None,
        description="The API key of scope feed:read with which services read each other's feeds.",
    )
    max_body_bytes: int = Field(262_144, ge=1_024, description="The largest request body, bytes.")
    log_format: Literal["json", "console"] = Field("json", description="How logs are written.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="The least serious log line that is written."
    )

    @field_validator("public_url", "registry_url", "root_path")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        return value.rstrip("/")


class SmtpSettings(ServiceSettings):
    """What a service that sends e-mail needs besides."""

    smtp_host: str = Field("127.0.0.1", description="The SMTP server that takes our e-mails.")
    smtp_port: int = Field(8025, ge=1, le=65_535, description="Its port.")
    smtp_username: str | None = Field(None, description="The account there, if it asks for one.")
    smtp_password: SecretStr | None = Field(None, description="The password of that account.")
    smtp_starttls: bool = Field(False, description="Whether to encrypt by STARTTLS (RFC 3207).")
    smtp_tls: bool = Field(
        False, description="Whether to encrypt from the first byte, as on port 465 (RFC 8314)."
    )
    smtp_ca_file: Path | None = Field(
        None, description="PEM file of the authority that signed the server's certificate, if own."
    )
    smtp_timeout_seconds: float = Field(
        30.0, gt=0, le=600, description="How long to wait for each answer of the server."
    )
    dkim_key_file: Path | None = Field(
        None, description="PEM file of the private key that signs e-mails, if no relay signs them."
    )
    dkim_selector: str = Field("southlink", description="The selector of that key in the DNS.")
    dkim_domain: str | None = Field(
        None, description="The domain that signs; without it that of the sender."
    )
    mail_from: str = Field(
        "Southlink <southlink@example.org>", description="The sender that readers see."
    )

    @field_validator("smtp_username", "smtp_ca_file", "dkim_key_file", "dkim_domain", mode="before")
    @classmethod
    def _given(cls, value: object) -> object:
        # Compose passes what is not set as an empty text, which as a path would be this folder.
        return value or None
