"""Every setting of workgroups, read once from the environment (``WORKGROUPS_…``)."""

from functools import cache

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.events.catalogue import WORKGROUPS
from shared.settings import ServiceDescription, ServiceSettings

SERVICE = ServiceDescription(
    name="workgroups",
    title="Southlink workgroups",
    summary="Themed follow-up groups: who takes part, what was agreed, and who does what by when.",
    source=WORKGROUPS,
    port=8002,
)


class Settings(ServiceSettings):
    """The settings of workgroups."""

    model_config = SettingsConfigDict(env_prefix="WORKGROUPS_", env_ignore_empty=True)

    database_url: str = Field(
        "sqlite:///var/workgroups.db",
        description="This service's own database: sqlite:///path or postgresql+psycopg://…",
    )
    public_url: str = Field(
        "http://127.0.0.1:8002", description="The base URL of this service as its users see it."
    )


@cache
def settings() -> Settings:
    """Return the settings of this process."""
    return Settings()
