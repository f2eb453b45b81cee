"""docker-compose.yml: valid, hardened, and everything it names exists."""

import importlib
import importlib.util
import json
import re
from typing import Any

import jsonschema
import pytest
import typer.main
from celery import Celery
from celery.bin.celery import celery as celery_command

from docs.generate.settings import SERVICES as SETTINGS
from docs.generate.settings import variables
from services.notifier.celery_app import make_app
from services.notifier.settings import Settings as NotifierSettings
from shared.dkim_signing import Signer
from tests.deploy.project import (
    ROOT,
    SERVICES,
    MissingVariableError,
    command_of,
    compose,
    compose_raw,
    compose_variables,
    dockerfile_stages,
    filled_environment,
    read_env,
)

FILE = compose(filled_environment())
STAGES = dockerfile_stages()
NAMES = sorted(FILE["services"])
BUILT = sorted(name for name in NAMES if "build" in FILE["services"][name])
UVICORN_VARIABLES = {"FORWARDED_ALLOW_IPS"}
"""Read by uvicorn itself: whose X-Forwarded-For it believes."""


def command(name: str) -> list[str]:
    return command_of(FILE["services"][name], STAGES)


def package(name: str) -> str:
    """The package of the service that a built container runs."""
    return f"services.{FILE['services'][name]['build']['target']}"


def test_the_file_is_valid_under_the_compose_specification() -> None:
    schema = json.loads((ROOT / "tests/deploy/compose-spec.json").read_text(encoding="utf-8"))
    jsonschema.validate(compose_raw(), schema)
    jsonschema.validate(FILE, schema)


@pytest.mark.parametrize("name", [name for name in BUILT if command(name)[0] != "celery"])
def test_every_python_command_exists_in_its_service(name: str) -> None:
    parts = command(name)
    assert parts[:3] == ["python", "-m", package(name)]
    module = importlib.import_module(f"{package(name)}.__main__")
    commands = typer.main.get_command(module.app)
    context = commands.make_context("southlink", parts[3:], resilient_parsing=False)
    assert context is not None
    chosen = commands.get_command(context, parts[3])  # type: ignore[attr-defined]
    assert chosen is not None, f"{parts[3]} is not a command of {package(name)}"
    chosen.make_context(parts[3], parts[4:])


@pytest.mark.parametrize("name", [name for name in BUILT if command(name)[0] == "celery"])
def test_every_celery_command_names_an_application_and_options_that_exist(name: str) -> None:
    _, option, application, sub_command, *arguments = command(name)
    module_name, _, attribute = application.partition(":")
    assert option == "--app"
    assert module_name.startswith(f"{package(name)}.")
    assert isinstance(getattr(importlib.import_module(module_name), attribute), Celery)
    known = {
        flag
        for parameter in celery_command.commands[sub_command].params
        for flag in (*parameter.opts, *parameter.secondary_opts)
    }
    assert {part for part in arguments if part.startswith("--")} <= known


@pytest.mark.parametrize("service", SERVICES)
def test_every_long_running_process_of_a_service_is_in_the_file(service: str) -> None:
    module = importlib.import_module(f"services.{service}.__main__")
    commands = typer.main.get_command(module.app)
    offered = set(commands.commands)  # type: ignore[attr-defined]
    started = {command(name)[3] for name in BUILT if command(name)[2] == f"services.{service}"}
    assert offered & {"migrate", "serve", "relay", "consume", "calendar"} == started


def test_the_notifier_has_its_workers_and_exactly_one_clock() -> None:
    celery = [command(name)[3] for name in BUILT if command(name)[0] == "celery"]
    assert sorted(celery) == ["beat", "worker", "worker", "worker"]


def test_every_queue_has_one_worker_and_digests_and_webhooks_share_theirs_with_nothing() -> None:
    worked = [
        words[words.index("--queues") + 1].split(",")
        for name in BUILT
        if "worker" in (words := command(name))
    ]
    assert sorted(worked) == [["digest"], ["immediate", "housekeeping"], ["webhooks"]]
    assert set().union(*worked) == {queue.name for queue in make_app().conf.task_queues}


@pytest.mark.parametrize("name", BUILT)
def test_every_environment_variable_is_a_setting_and_its_value_is_accepted(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = SETTINGS[FILE["services"][name]["build"]["target"]]
    environment = FILE["services"][name]["environment"]
    assert set(environment) - UVICORN_VARIABLES <= set(variables(settings))
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    read = settings()
    for variable, field in variables(settings).items():
        if environment.get(variable) and "SecretStr" not in str(field.annotation):
            attribute = variable.lower().removeprefix(f"{package(name)[9:]}_")
            assert str(getattr(read, attribute)).lower() == environment[variable].lower()


@pytest.mark.parametrize("name", BUILT)
def test_every_secret_and_every_address_of_a_service_is_given(name: str) -> None:
    """What a default leaves pointing at this machine would fail only when it is used."""
    target = FILE["services"][name]["build"]["target"]
    local = {
        variable
        for variable, field in variables(SETTINGS[target]).items()
        if "127.0.0.1" in str(field.default)
        or "sqlite" in str(field.default)
        or "SecretStr" in str(field.annotation)
    }
    assert local <= set(FILE["services"][name]["environment"])


ABOUT_MAIL = re.compile(
    "_(SMTP|DOMAIN|CONFIRMATIONS|RETURN_PATH|SOFT_BOUNCE|BOUNCES_IMAP|MAX_BOUNCE)_|_MAIL_FROM$"
)


@pytest.mark.parametrize("name", ["registry", "registry-calendar", "notifier-worker", "notifier"])
def test_every_setting_about_mail_can_be_set_in_the_environment_file(name: str) -> None:
    service = FILE["services"][name]
    settings = variables(SETTINGS[service["build"]["target"]])
    about_mail = {variable for variable in settings if ABOUT_MAIL.search(variable)}
    if service["build"]["target"] == "notifier":  # The registry's e-mails are signed by a relay.
        about_mail |= {variable for variable in settings if "_DKIM_" in variable}
    assert about_mail <= set(service["environment"])
    raw = compose_raw()["services"][name]["environment"]
    assert all(raw[variable].startswith("${") for variable in about_mail)


@pytest.mark.parametrize("name", [name for name in BUILT if name.startswith("notifier")])
def test_a_setting_about_mail_that_is_left_empty_is_not_given(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in FILE["services"][name]["environment"].items():
        monkeypatch.setenv(variable, value)
    read = NotifierSettings()
    assert (read.smtp_ca_file, read.dkim_key_file) == (None, None)
    assert (read.smtp_username, read.dkim_domain) == (None, None)
    assert Signer.of(read) is None


@pytest.mark.parametrize(
    "name",
    [
        "registry",
        "registry-calendar",
        "notifier-worker",
        "notifier-digest-worker",
        "notifier-webhook-worker",
    ],
)
def test_what_sends_mail_reads_certificates_and_keys_from_the_folder_for_them(name: str) -> None:
    assert "./deploy/mail:/etc/southlink/mail:ro" in FILE["services"][name]["volumes"]
    named = re.findall(r"/etc/southlink/mail/\w+\.pem", read(".env.example"))
    assert len(named) == 3
    ignored = read(".gitignore").splitlines()
    assert "/deploy/mail/*" in ignored, "what is put there stays out of version control"


def test_no_secret_has_a_default() -> None:
    # A mail server may ask for none or not be read, and attachments may be on a volume.
    optional = {
        "SMTP_PASSWORD",
        "BOUNCES_IMAP_PASSWORD",
        "DKIM_KEY_FILE",
        "ATTACHMENTS_ACCESS_KEY_ID",
        "ATTACHMENTS_SECRET",
    }
    secrets = {
        name: how
        for name, how in compose_variables().items()
        if re.search("PASSWORD|KEY|SECRET|TOKEN", name) and not name.endswith("_HOURS")
    }
    assert len(secrets) > 5
    assert {name for name, how in secrets.items() if not how.startswith(":?")} == optional
    assert all(compose_variables()[name] == ":-" for name in optional)


def test_no_secret_is_written_into_the_file() -> None:
    for name, service in compose_raw()["services"].items():
        for variable, value in service.get("environment", {}).items():
            if re.search("PASSWORD|FEED_KEY|SECRET|TOKEN", variable):
                assert str(value).startswith("${"), f"{name}: {variable}"
            assert not re.search(r"://[^/$]*:[^$/]+@", str(value)), f"{name}: {variable}"


@pytest.mark.parametrize(
    "missing", [name for name, how in compose_variables().items() if how.startswith(":?")]
)
def test_without_a_value_that_must_be_set_nothing_starts_and_the_message_says_what_to_do(
    missing: str,
) -> None:
    with pytest.raises(MissingVariableError, match=f"{missing}: set .*in \\.env"):
        compose(filled_environment() | {missing: ""})


def test_the_file_and_the_example_environment_ask_for_the_same_variables() -> None:
    assert set(compose_variables()) == set(read_env(ROOT / ".env.example"))


def test_a_default_in_the_file_is_the_one_in_the_example_environment() -> None:
    example = read_env(ROOT / ".env.example")
    defaults = {n: how[2:] for n, how in compose_variables().items() if how.startswith(":-")}
    assert {name: example[name] for name in defaults} == defaults


@pytest.mark.parametrize("name", NAMES)
def test_every_container_is_hardened(name: str) -> None:
    service = FILE["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("privileged") is None
    assert set(service.get("cap_add", [])) <= {"NET_BIND_SERVICE"}
    user = service.get("user") or STAGES[service["build"]["target"]].user
    assert user.split(":")[0] not in ("", "0", "root")


@pytest.mark.parametrize("name", [name for name in NAMES if name not in BUILT])
def test_every_foreign_image_is_pinned_to_a_release(name: str) -> None:
    assert re.fullmatch(
        r"[a-z/]+:v?\d+\.\d+(\.\d+)?(-[a-z0-9.]+)?", FILE["services"][name]["image"]
    )


def test_only_the_gateway_is_reachable_from_outside() -> None:
    published = {name: s["ports"] for name, s in FILE["services"].items() if "ports" in s}
    assert sorted(published) == ["gateway", "mailpit"]
    assert all(port.startswith("127.0.0.1:") for port in published["mailpit"])


def test_only_what_sends_mail_or_serves_people_has_a_way_out() -> None:
    assert FILE["networks"]["inside"]["internal"] is True
    outside = sorted(n for n, s in FILE["services"].items() if "outside" in s["networks"])
    migrating = "registry-migrate"
    assert set(outside) - {migrating} == {
        "gateway",
        "mailpit",
        "notifier",
        "notifier-digest-worker",
        "notifier-webhook-worker",
        "notifier-worker",
        "registry",
        "registry-calendar",
    }


@pytest.mark.parametrize("name", NAMES)
def test_what_a_container_waits_for_can_come_true(name: str) -> None:
    for awaited, how in FILE["services"][name].get("depends_on", {}).items():
        other = FILE["services"][awaited]
        if how["condition"] == "service_completed_successfully":
            assert command(awaited)[-1] == "migrate"
            assert other["restart"].startswith("on-failure")
        else:
            assert how["condition"] == "service_healthy"
            own = other.get("healthcheck") or STAGES[other["build"]["target"]].healthcheck
            assert own != {"disable": True}
            assert own


@pytest.mark.parametrize("name", [n for n in BUILT if not n.endswith("-migrate")])
def test_nothing_runs_before_its_own_migrations(name: str) -> None:
    migration = f"{FILE['services'][name]['build']['target']}-migrate"
    condition = FILE["services"][name]["depends_on"][migration]["condition"]
    assert condition == "service_completed_successfully"


@pytest.mark.parametrize("name", BUILT)
def test_every_address_between_containers_leads_to_one_on_the_same_network(name: str) -> None:
    service = FILE["services"][name]
    ports = {"postgres": "5432", "redis": "6379"} | dict.fromkeys(SERVICES, "8000")
    inner = re.compile(r"(?:^|@|http://)([a-z]+):(\d+)(?:/|$)")
    found = [match for value in service["environment"].values() for match in inner.findall(value)]
    assert found
    for host, port in found:
        assert ports[host] == port
        assert set(FILE["services"][host]["networks"]) & set(service["networks"])


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_listens_where_the_others_and_its_health_check_look(service: str) -> None:
    stage = STAGES[service]
    parts = stage.command
    assert parts[parts.index("--port") + 1] == stage.exposes == "8000"
    assert parts[parts.index("--host") + 1] == "0.0.0.0"
    assert "http://127.0.0.1:8000/health/ready" in stage.healthcheck


def test_every_volume_is_declared_and_used() -> None:
    mounted = {
        volume.split(":")[0]
        for service in FILE["services"].values()
        for volume in service.get("volumes", [])
    }
    named = {source for source in mounted if not source.startswith("./")}
    assert named == set(FILE["volumes"])
    assert all((ROOT / source).is_dir() for source in mounted - named)


def test_what_must_survive_a_new_container_is_on_a_volume() -> None:
    def targets(name: str) -> list[str]:
        return [volume.split(":")[1] for volume in FILE["services"][name]["volumes"]]

    assert "/var/lib/postgresql" in targets("postgres")
    redis_folder = re.search(r"^dir (\S+)$", read("deploy/redis/redis.conf"), re.MULTILINE)
    assert redis_folder is not None
    assert redis_folder[1] in targets("redis")
    key_file = FILE["services"]["registry"]["environment"]["REGISTRY_SIGNING_KEY_FILE"]
    for name in ("registry", "registry-migrate"):
        assert any(key_file.startswith(f"{target}/") for target in targets(name))
    assert {"/data", "/config"} <= set(targets("gateway"))


@pytest.mark.parametrize("name", ["workgroups", "workgroups-calendar"])
def test_who_stores_attachments_and_who_clears_them_away_have_one_volume(name: str) -> None:
    service = FILE["services"][name]
    [mount] = service["volumes"]
    volume, target = mount.split(":")
    assert volume == "workgroups-attachments"
    assert service["environment"]["WORKGROUPS_ATTACHMENTS"].startswith(f"{target}/")
    assert f"{target}\n" in read("Dockerfile"), "the image makes it the user's own"


def test_event_streams_and_tasks_are_in_databases_of_their_own() -> None:
    environment = FILE["services"]["notifier"]["environment"]
    assert environment["NOTIFIER_REDIS_URL"].endswith("/0")
    assert environment["NOTIFIER_CELERY_BROKER_URL"].endswith("/1")
    streams = {
        environment[f"{service.upper()}_REDIS_URL"]
        for service in SERVICES
        for environment in [FILE["services"][service]["environment"]]
    }
    assert len(streams) == 1


def test_the_mail_catcher_starts_only_when_asked_for_and_then_takes_the_mail() -> None:
    assert FILE["services"]["mailpit"]["profiles"] == ["try"]
    assert [n for n, s in FILE["services"].items() if "profiles" in s] == ["mailpit"]
    tried = compose(filled_environment() | read_env(ROOT / "deploy/try.env"))
    for name in ("registry", "notifier-worker", "notifier-digest-worker"):
        environment: dict[str, Any] = tried["services"][name]["environment"]
        prefix = tried["services"][name]["build"]["target"].upper()
        assert environment[f"{prefix}_SMTP_HOST"] == "mailpit"
        assert environment[f"{prefix}_SMTP_PORT"] == "1025"
        assert environment[f"{prefix}_SMTP_STARTTLS"] == "false"


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")
