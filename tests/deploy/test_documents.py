"""What the documents say exists, and the generated pages are current."""

import importlib
import re
from pathlib import Path

import pytest
import typer.main

from docs.generate import PAGES
from tests.deploy.project import ROOT, SERVICES

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE))


def code(document: Path) -> str:
    """Everything that a document sets as code."""
    text = document.read_text(encoding="utf-8")
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return "\n".join([*blocks, *re.findall(r"`([^`\n]+)`", text)])


def anchors(document: Path) -> set[str]:
    """The anchors that GitHub makes of a document's headings."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", sorted(PAGES), ids=lambda page: page.name)
def test_a_generated_page_is_current(page: Path) -> None:
    assert page.read_text(encoding="utf-8") == PAGES[page](), "Run `make docs`."


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_make_target_that_a_document_names_exists(document: Path) -> None:
    named = set(re.findall(r"\bmake ([a-z-]+)", code(document)))
    assert named <= TARGETS


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_of_a_service_that_a_document_names_exists(document: Path) -> None:
    pattern = r"(?:python -m services\.|southlink )([a-z]+)((?: [a-z-]+)*)"
    for name, rest in re.findall(pattern, code(document)):
        known = name in SERVICES
        module = importlib.import_module(f"services.{name}.__main__" if known else "standalone.cli")
        group = typer.main.get_command(module.app)
        for word in rest.split() if known else [name, *rest.split()]:
            commands = getattr(group, "commands", None)
            if commands is None:
                break
            assert word in commands, f"{document.name}: {name}{rest}"
            group = commands[word]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_that_a_document_links_to_exists(document: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8"))
    for link in (link for link in links if "://" not in link):
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), f"{document.name}: {link}"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{document.name}: {link}"


def test_every_figure_that_a_document_names_is_published() -> None:
    modules = [*(ROOT / "shared").rglob("*.py"), *(ROOT / "services").rglob("*.py")]
    source = "\n".join(path.read_text(encoding="utf-8") for path in modules)
    named = {
        figure
        for document in DOCUMENTS
        for figure in re.findall(r"`southlink_([a-z_]+?)(?:_total)?`", document.read_text("utf-8"))
    }
    assert len(named) > 5
    for figure in named:
        assert re.search(rf'"(southlink_)?{figure}[" ]', source), figure


def test_every_target_explains_itself() -> None:
    phony = set(re.findall(r"^\.PHONY: ([a-z-]+)$", MAKEFILE, re.MULTILINE))
    assert phony == TARGETS


def test_what_a_contributor_and_a_reader_expect_is_at_the_top() -> None:
    for name in ("README", "CONTRIBUTING", "SECURITY", "CHANGELOG"):
        assert len((ROOT / f"{name}.md").read_text(encoding="utf-8")) > 400
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in licence
    assert "Copyright 2026 the Southlink authors" in licence


def test_no_document_names_a_machine_or_an_index() -> None:
    foreign = re.compile(r"/root/|/home/\w|/work/|pypi|files\.pythonhosted", re.IGNORECASE)
    for document in DOCUMENTS:
        assert not foreign.search(document.read_text(encoding="utf-8")), document.name
