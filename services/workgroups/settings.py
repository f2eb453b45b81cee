"""Every setting of workgroups, read once from the environment (``WORKGROUPS_…``)."""

from functools import cache

from pydantic import Field, SecretStr
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
    attachments: str = Field(
        "var/attachments",
        description="Where attached files are kept: a folder, or s3://bucket/prefix.",
    )
    attachments_endpoint: str | None = Field(
        None, description="The address of an S3-compatible store that isn't Amazon's."
    )
    attachments_region: str = Field("us-east-1", description="The region of the bucket.")
    attachments_access_key_id: SecretStr | None = Field(
        None, description="The key that may read, write, list and delete in the bucket."
    )
    attachments_secret_access_key: SecretStr | None = Field(
        None, description="The secret of that key."
    )
    max_attachment_bytes: int = Field(
        10_485_760, ge=1_024, description="The largest attached file, bytes."
    )
    max_attachment_bytes_of_group: int = Field(
        1_073_741_824, ge=1_024, description="What the attached files of a group take, bytes."
    )


@cache
def settings() -> Settings:
    """Return the settings of this process."""
    return Settings()
