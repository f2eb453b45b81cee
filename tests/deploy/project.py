"""The files that an installation is made of, as the tests of this folder read them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
SERVICES = ("registry", "workgroups", "notifier")

_VARIABLE = re.compile(
    r"\$(?:(?P<escaped>\$)|\{(?P<name>[A-Z_][A-Z0-9_]*)(?:(?P<how>:-|:\?)(?P<argument>[^}]*))?\})"
)


class MissingVariableError(Exception):
    """What `docker compose` says when a value that must be set is not."""


def compose_text() -> str:
    """Return docker-compose.yml as it is written."""
    return (ROOT / "docker-compose.yml").read_text(encoding="utf-8")


def compose_raw() -> dict[str, Any]:
    """Return docker-compose.yml with its anchors resolved and its variables left as written."""
    document: dict[str, Any] = yaml.safe_load(compose_text())
    return document


def compose(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return docker-compose.yml as `docker compose` reads it with these variables.

    https://docs.docker.com/reference/compose-file/interpolation/
    """
    document: dict[str, Any] = _interpolated(compose_raw(), environment)
    return document


def _interpolated(value: Any, environment: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _VARIABLE.sub(lambda match: _value(match, environment), value)
    if isinstance(value, dict):
        return {key: _interpolated(inner, environment) for key, inner in value.items()}
    if isinstance(value, list):
        return [_interpolated(inner, environment) for inner in value]
    return value


def _value(match: re.Match[str], environment: Mapping[str, str]) -> str:
    if match["escaped"]:
        return "$"
    found = environment.get(match["name"], "")
    if found or match["how"] is None:
        return found
    if match["how"] == ":?":
        raise MissingVariableError(f"{match['name']}: {match['argument']}")
    return match["argument"]


def compose_variables() -> dict[str, str]:
    """Return every variable that docker-compose.yml asks for, each with how it does."""
    return {
        match["name"]: (match["how"] or "") + (match["argument"] or "")
        for match in _VARIABLE.finditer(_without_comments(compose_text()))
        if match["name"]
    }


def _without_comments(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))


def read_env(path: Path) -> dict[str, str]:
    """Return the variables of an environment file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = [line.split("=", 1) for line in lines if line and not line.startswith("#")]
    return dict((name, value) for name, value in pairs)  # noqa: C402


def filled_environment() -> dict[str, str]:
    """Return the variables of an operator who filled in .env."""
    environment = read_env(ROOT / ".env.example")
    for name, value in environment.items():
        if name.endswith(("_PASSWORD", "_KEY")) and not value:
            environment[name] = f"secret-of-{name.lower()}"
    return environment | {
        "SOUTHLINK_URL": "https://southlink.example.org",
        "SOUTHLINK_SITE": "southlink.example.org",
        "MAIL_FROM": "Southlink <southlink@example.org>",
        "SMTP_HOST": "smtp.example.org",
    }


def command_of(service: Mapping[str, Any], stages: Mapping[str, "Stage"]) -> list[str]:
    """Return what a service of the Compose file runs: its own command, else its image's."""
    if "command" in service:
        return [str(part) for part in service["command"]]
    if "build" in service:
        return stages[service["build"]["target"]].command
    return []


@dataclass
class Stage:
    """One stage of the Dockerfile."""

    name: str
    base: str
    copies: list[tuple[list[str], str]] = field(default_factory=list)
    """Sources in the checkout and where they go."""
    runs: list[str] = field(default_factory=list)
    user: str = ""
    command: list[str] = field(default_factory=list)
    healthcheck: str = ""
    exposes: str = ""


def dockerfile_stages() -> dict[str, Stage]:
    """Return the stages of the Dockerfile by name; a stage has what its base stage has."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    joined = re.sub(r"\\\n\s*", " ", _without_comments(text))
    stages: dict[str, Stage] = {}
    stage: Stage | None = None
    for line in filter(None, map(str.strip, joined.splitlines())):
        instruction, rest = line.split(maxsplit=1)
        if instruction == "FROM":
            base, name = rest.split(" AS ")
            parent = stages.get(base)
            stage = Stage(
                name=name,
                base=base,
                copies=list(parent.copies) if parent else [],
                healthcheck=parent.healthcheck if parent else "",
                exposes=parent.exposes if parent else "",
            )
            stages[name] = stage
        elif stage is not None:
            _read_instruction(stage, instruction, rest)
    return stages


def _read_instruction(stage: Stage, instruction: str, rest: str) -> None:
    match instruction:
        case "COPY" if not rest.startswith("--from"):
            *sources, target = rest.split()
            stage.copies.append((sources, target))
        case "RUN":
            stage.runs.append(rest)
        case "USER":
            stage.user = rest
        case "CMD":
            stage.command = yaml.safe_load(rest)
        case "HEALTHCHECK":
            stage.healthcheck = rest
        case "EXPOSE":
            stage.exposes = rest
