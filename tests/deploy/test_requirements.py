"""The pins: every package with its hashes, no address of an index, and all files agree."""

import re
import tomllib
from typing import Any

import pytest

from tests.deploy.project import ROOT, SERVICES

GROUPS = (*SERVICES, "standalone", "dev")
PIN = re.compile(
    r"^([a-z0-9-]+)==([^ \\;]+)(?: ; [^\\]+?)?(?: \\\n    --hash=sha256:[0-9a-f]{64})+$",
    re.MULTILINE,
)


def text(name: str) -> str:
    return (ROOT / f"requirements/{name}.txt").read_text(encoding="utf-8")


def pins(name: str) -> dict[str, str]:
    return {match[1]: match[2] for match in PIN.finditer(text(name))}


@pytest.mark.parametrize("name", [*GROUPS, "uv"])
def test_every_line_is_a_pin_with_its_hashes_and_nothing_else(name: str) -> None:
    assert pins(name)
    assert PIN.sub("", text(name)).strip() == ""


def test_there_is_one_file_for_each_group_and_one_for_the_installer() -> None:
    found = {path.name for path in (ROOT / "requirements").iterdir()}
    assert found == {f"{name}.txt" for name in (*GROUPS, "uv")}


@pytest.mark.parametrize(
    ("smaller", "larger"),
    [
        *((service, "standalone") for service in SERVICES),
        ("standalone", "dev"),
        ("uv", "standalone"),
    ],
)
def test_a_package_has_the_same_release_wherever_it_is_pinned(smaller: str, larger: str) -> None:
    assert pins(smaller).items() <= pins(larger).items()


@pytest.mark.parametrize("group", GROUPS)
def test_every_declared_dependency_is_pinned(group: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    declared = [*project["project"]["dependencies"], *_members(project["dependency-groups"], group)]
    names = {re.split(r"[\[<>=; ]", dependency)[0] for dependency in declared}
    assert len(names) > 10
    assert names <= set(pins(group))


def _members(groups: dict[str, list[Any]], name: str) -> list[str]:
    found: list[str] = []
    for member in groups[name]:
        if isinstance(member, str):
            found.append(member)
        else:
            found += _members(groups, member["include-group"])
    return found
