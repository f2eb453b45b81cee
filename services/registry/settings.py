"""Every setting of the registry, read once from the environment (``REGISTRY_…``)."""

from functools import cache
from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceDescription, SmtpSettings

SERVICE = ServiceDescription(
    name="registry",
    title="Southlink registry",
    summary="Partner institutions register here, coordinators verify them, and people sign in.",
    source="/registry",
    port=8001,
)


class Settings(SmtpSettings):
    """The registry's settings."""

    model_config = SettingsConfigDict(env_prefix="REGISTRY_", env_ignore_empty=True)

    database_url: str = Field(
        "sqlite:///var/registry.db",
        description="This service's own database: sqlite:///path or postgresql+psycopg://…",
    )
    public_url: str = Field(
        "http://127.0.0.1:8001", description="The base URL of this service as its users see it."
    )
    signing_key_file: Path = Field(
        Path("var/registry-signing-key.json"),
        description="The private key that signs tokens, a JWK set; made by `migrate` if absent.",
    )
    token_seconds: int = Field(
        600, ge=30, le=3_600, description="How long an access token is good, in seconds."
    )
    code_seconds: int = Field(
        900, ge=60, le=3_600, description="How long a sign-in code is good, in seconds."
    )
    codes_per_address: int = Field(
        10, ge=1, description="How many codes one e-mail address may be sent within an hour."
    )
    max_import_bytes: int = Field(
        33_554_432, ge=1_024, description="The largest file of institutions to import, bytes."
    )
    codes_per_client: int = Field(
        300, ge=1, description="How many codes one network address may ask for within an hour."
    )
    invitations_per_day: int = Field(
        20, ge=1, description="How many people one institution may invite within 24 hours."
    )


@cache
def settings() -> Settings:
    """Return the settings of this process."""
    return Settings()
