"""The notifier's settings, read once from the environment (``NOTIFIER_…``)."""

from functools import cache
from ipaddress import ip_network
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceDescription, SmtpSettings

SERVICE = ServiceDescription(
    name="notifier",
    title="Southlink notifier",
    summary="Subscriptions, digest runs, and the e-mails that come of them.",
    source=None,
    port=8003,
)


class Settings(SmtpSettings):
    """What the notifier needs to know about its surroundings."""

    model_config = SettingsConfigDict(env_prefix="NOTIFIER_")

    database_url: str = Field(
        "sqlite:///var/notifier.db",
        description="The notifier's own database: sqlite:///path or postgresql+psycopg://…",
    )
    public_url: str = Field(
        "http://127.0.0.1:8003", description="The base URL of the links in its e-mails."
    )
    workgroups_url: str = Field(
        "http://127.0.0.1:8002", description="Workgroups' base URL inside the installation: feed."
    )
    celery_broker_url: str = Field(
        "redis://127.0.0.1:6379/1",
        description="Celery's broker: a single Redis or Sentinel; Redis Cluster is refused.",
    )
    sweep_seconds: float = Field(
        5.0, gt=0, le=60, description="How often work that is due and not done is looked for."
    )
    claim_seconds: float = Field(
        120.0,
        ge=1,
        le=3600,
        description="How long a worker may take for an e-mail before another one takes it over: "
        "more than the mail server may take for all its answers to one.",
    )
    requeue_seconds: float = Field(
        20.0,
        ge=1,
        le=3600,
        description="After how long a queued e-mail that nobody took counts as lost by the broker.",
    )
    domain_at_once: int = Field(
        0,
        ge=0,
        description="E-mails on the wire to one recipient domain at once; 0 is no limit.",
    )
    domain_per_minute: int = Field(
        0, ge=0, description="E-mails to one recipient domain within a minute; 0 is no limit."
    )
    announcement_limit: int = Field(
        500,
        ge=0,
        le=10_000,
        description="Recipients above which an announcement waits for the approval of a second "
        "person.",
    )
    test_emails_per_hour: int = Field(
        20, ge=1, le=1_000, description="Test e-mails that one coordinator may have within an hour."
    )
    confirmations_per_minute: int = Field(
        120, ge=1, description="Confirmation e-mails asked for within a minute, by all together."
    )
    return_path_domain: str | None = Field(
        None,
        max_length=255,
        description="The domain to which bounces come back, each to an address that names its "
        "e-mail; without it they come to the sender's address.",
    )
    return_path_mailbox: str = Field(
        "bounces",
        min_length=1,
        max_length=21,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
        description="The mailbox there; what follows its + names the e-mail (RFC 5233).",
    )
    soft_bounce_limit: int = Field(
        5,
        ge=1,
        description="After how many e-mails that bounced for the time being an address gets none.",
    )
    soft_bounce_days: int = Field(
        30, ge=1, description="Within how many days they must have bounced."
    )
    bounces_imap_host: str | None = Field(
        None, description="The IMAP server of the mailbox to which bounces come, if it is read."
    )
    bounces_imap_port: int = Field(993, ge=1, le=65_535, description="Its port.")
    bounces_imap_username: str | None = Field(None, description="The account there.")
    bounces_imap_password: SecretStr | None = Field(
        None, description="The password of that account."
    )
    bounces_imap_folder: str = Field("INBOX", description="The folder that is read.")
    bounces_imap_starttls: bool = Field(
        False, description="Whether to begin without TLS and change to it; else TLS at once."
    )
    bounces_imap_seconds: float = Field(
        60.0, ge=5, le=3_600, description="How often that mailbox is read."
    )
    max_bounce_bytes: int = Field(
        1_048_576, ge=16_384, description="The largest report that POST /bounces takes, bytes."
    )

    keep_emails_days: int = Field(
        365,
        ge=30,
        le=36_500,
        description="How many days e-mails of every kind are kept, with what became of them, and "
        "digests, runs and requests for subscriptions.",
    )
    keep_reports_days: int = Field(
        365,
        ge=30,
        le=36_500,
        description="How many days reports of bounces and complaints are kept; those for which an "
        "address is suppressed stay. Not fewer than the soft bounces count.",
    )

    @model_validator(mode="after")
    def _count_what_is_kept(self) -> Self:
        if self.keep_reports_days < self.soft_bounce_days:
            raise ValueError(
                "NOTIFIER_KEEP_REPORTS_DAYS must be at least NOTIFIER_SOFT_BOUNCE_DAYS: "
                "soft bounces count as long as their reports are kept."
            )
        return self

    webhook_timeout_seconds: float = Field(
        15.0,
        gt=0,
        le=60,
        description="How long a webhook endpoint may take for its whole answer; at most half of "
        "claim_seconds.",
    )
    webhook_secret_overlap_hours: float = Field(
        24.0,
        ge=0,
        le=720,
        description="How long the secret before signs webhooks beside a new one.",
    )
    webhook_failing_days: float = Field(
        5.0,
        gt=0,
        description="After how many days of nothing but failures a webhook endpoint is disabled.",
    )
    webhook_keep_days: int = Field(
        30, ge=4, description="For how many days webhook messages and their attempts are kept."
    )
    webhook_http: bool = Field(
        False, description="Whether webhook endpoints may do without TLS; for trials and tests."
    )
    webhook_networks: str = Field(
        "",
        description="Networks that webhooks reach though they aren't public, with commas between, "
        "such as 10.1.2.0/24; for trials and for systems inside.",
    )
    webhook_ca_file: Path | None = Field(
        None,
        description="PEM file of the authority that signed their certificates, if an own one.",
    )

    @field_validator(
        "return_path_domain",
        "bounces_imap_host",
        "bounces_imap_username",
        "webhook_ca_file",
        mode="before",
    )
    @classmethod
    def _named(cls, value: str | None) -> str | None:
        # Compose passes what is not set as an empty text.
        return value or None

    @field_validator("webhook_networks")
    @classmethod
    def _networks(cls, value: str) -> str:
        for each in filter(None, value.split(",")):
            ip_network(each.strip())
        return value

    @field_validator("workgroups_url")
    @classmethod
    def _bare(cls, value: str) -> str:
        return value.rstrip("/")


@cache
def settings() -> Settings:
    """Return the settings of this process."""
    return Settings()
