"""The gateway: one origin, three prefixes, no figures for strangers."""

import re

import pytest

from tests.deploy.project import (
    ROOT,
    SERVICES,
    compose,
    compose_variables,
    dockerfile_stages,
    filled_environment,
)

CADDYFILE = (ROOT / "deploy/gateway/Caddyfile").read_text(encoding="utf-8")
FILE = compose(filled_environment())
GATEWAY = FILE["services"]["gateway"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_prefix_leads_to_its_service_which_knows_the_prefix(service: str) -> None:
    block = re.search(rf"handle_path /{service}/\* {{\s*reverse_proxy (\S+):(\d+)\s*}}", CADDYFILE)
    assert block is not None
    assert block.groups() == (service, dockerfile_stages()[service].exposes)
    environment = FILE["services"][service]["environment"]
    assert environment[f"{service.upper()}_ROOT_PATH"] == f"/{service}"
    assert environment[f"{service.upper()}_PUBLIC_URL"].endswith(f".org/{service}")


@pytest.mark.parametrize("service", SERVICES)
def test_the_figures_of_a_service_are_not_shown_to_strangers(service: str) -> None:
    [figures] = re.findall(r"@figures path (.+)", CADDYFILE)
    assert f"/{service}/metrics" in figures.split()
    # Only inside `route` does Caddy keep the order in which the lines are written.
    inside = CADDYFILE[CADDYFILE.index("route {") :]
    assert inside.index("respond @figures 404") < inside.index("handle_path")


def test_the_ports_that_are_published_are_the_ones_that_it_listens_on() -> None:
    [http] = re.findall(r"http_port (\d+)", CADDYFILE)
    [https] = re.findall(r"https_port (\d+)", CADDYFILE)
    assert [port.split(":")[-1] for port in GATEWAY["ports"]] == [http, https]


def test_the_port_of_its_own_health_check_is_not_published() -> None:
    [own] = re.findall(r"^http://:(\d+) {", CADDYFILE, re.MULTILINE)
    assert f":{own}/" in " ".join(GATEWAY["healthcheck"]["test"])
    assert not any(own in port for port in GATEWAY["ports"])


def test_every_variable_of_its_configuration_is_given() -> None:
    assert set(re.findall(r"{\$(\w+)}", CADDYFILE)) == set(GATEWAY["environment"])
    assert set(GATEWAY["environment"]) <= set(compose_variables())


def test_every_folder_that_it_serves_is_mounted() -> None:
    mounts = {volume.split(":")[1]: volume.split(":")[0] for volume in GATEWAY["volumes"]}
    [served] = re.findall(r"root \* (\S+)", CADDYFILE)
    target = next(target for target in mounts if served.startswith(f"{target}/"))
    folder = ROOT / mounts[target] / served.removeprefix(f"{target}/")
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert re.findall(r'href="/(\w+)/docs"', page) == list(SERVICES)
