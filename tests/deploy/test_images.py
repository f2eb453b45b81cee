"""The Dockerfile: each image has what its service needs, and only that."""

import os
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.deploy.project import ROOT, SERVICES, dockerfile_stages

STAGES = dockerfile_stages()
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def image_files(service: str, folder: Path) -> Path:
    """Lay out what the image of a service has under /app."""
    for sources, target in STAGES[service].copies:
        for source in sources:
            place = folder / target / ("" if source.endswith("/") else Path(source).name)
            if source.endswith("/"):
                shutil.copytree(
                    ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
                )
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, place)
    return folder


def run_in_image(service: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``python -m …`` with the files of the image and the packages of its own pins only."""
    script = ROOT / "tests/deploy/run_with_pins.py"
    pins = ROOT / f"requirements/{service}.txt"
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    settings = {
        f"{service.upper()}_DATABASE_URL": f"sqlite:///{folder}/data.db",
        "REGISTRY_SIGNING_KEY_FILE": str(folder / "signing-key.json"),
    }
    return subprocess.run(
        [sys.executable, "-P", str(script), str(pins), str(ROOT), *arguments],
        cwd=folder,
        env=environment | settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_has_every_module_and_package_that_its_service_imports(
    service: str, tmp_path: Path
) -> None:
    app = image_files(service, tmp_path)
    modules = sorted(
        ".".join(path.relative_to(app).with_suffix("").parts)
        for path in (app / "services" / service).rglob("*.py")
        if "migrations" not in path.parts and path.name != "__main__.py"
    )
    done = run_in_image(service, app, "import", *modules)
    assert done.returncode == 0, done.stderr


def test_the_image_that_makes_documents_has_fonts_for_every_script() -> None:
    with_fonts = [
        service
        for service in SERVICES
        if any("fonts-noto-core fonts-noto-cjk" in run for run in STAGES[service].runs)
    ]
    assert with_fonts == ["workgroups"]


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_can_migrate_an_empty_database(service: str, tmp_path: Path) -> None:
    app = image_files(service, tmp_path)
    done = run_in_image(service, app, "run", f"services.{service}", "migrate")
    assert done.returncode == 0, done.stderr
    assert (app / "data.db").stat().st_size > 0


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_has_the_code_of_no_other_service(service: str, tmp_path: Path) -> None:
    app = image_files(service, tmp_path)
    assert {path.name for path in (app / "services").iterdir() if path.is_dir()} == {service}
    assert {path.name for path in app.iterdir()} == {"services", "shared"}


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_gets_its_own_pins_with_hashes(service: str) -> None:
    [install] = STAGES[f"{service}-packages"].runs
    assert "--require-hashes" in install
    assert re.findall(r"-r (\S+)", install) == [f"requirements/{service}.txt"]
    assert f"COPY --from={service}-packages /venv /venv" in DOCKERFILE


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_runs_as_a_user_without_rights(service: str) -> None:
    assert STAGES[service].user == "10001:10001"
    assert "--uid 10001" in " ".join(STAGES["base"].runs)


def test_the_base_image_is_pinned_to_a_release() -> None:
    assert re.search(r"^ARG PYTHON_IMAGE=python:3\.\d+\.\d+-slim-\w+$", DOCKERFILE, re.MULTILINE)
    assert {s.base for s in STAGES.values() if s.base not in STAGES} == {"${PYTHON_IMAGE}"}


def test_everything_copied_exists_and_is_sent_to_the_builder() -> None:
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    sent = [line[1:] for line in ignore if line.startswith("!")]
    assert "*" in ignore
    for stage in STAGES.values():
        for source in (source for sources, _ in stage.copies for source in sources):
            assert (ROOT / source).exists(), source
            path = source.rstrip("/")
            assert any(fnmatch(path, rule) or fnmatch(f"{path}/x", rule) for rule in sent), (
                f"{source} is kept back by .dockerignore"
            )


def test_no_secret_and_no_data_is_sent_to_the_builder() -> None:
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    sent = {line[1:].split("/")[0] for line in ignore if line.startswith("!")}
    assert sent == {"requirements", "services", "shared"}
