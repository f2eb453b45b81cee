"""deploy/new-env.sh: a .env with fresh secrets, and never a lost one."""

import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests.deploy.project import ROOT, compose, read_env

SECRET = re.compile(r"[0-9a-f]{64}")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with what the script needs."""
    (tmp_path / "deploy").mkdir()
    shutil.copy(ROOT / ".env.example", tmp_path)
    shutil.copy(ROOT / "deploy/new-env.sh", tmp_path / "deploy")
    return tmp_path


def new_env(checkout: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "deploy/new-env.sh"], cwd=checkout, capture_output=True, text=True, check=False
    )


def test_every_secret_that_is_needed_is_made_and_each_is_different(checkout: Path) -> None:
    assert new_env(checkout).returncode == 0
    made = read_env(checkout / ".env")
    secrets = {n: v for n, v in made.items() if n.endswith(("_PASSWORD", "_KEY"))}
    assert secrets.pop("SMTP_PASSWORD") == secrets.pop("BOUNCES_IMAP_PASSWORD") == ""
    assert secrets.pop("FEED_KEY").startswith("sl_key_")
    assert all(SECRET.fullmatch(value) for value in secrets.values())
    assert len(set(secrets.values())) == len(secrets) == 5


def test_the_file_is_readable_by_its_owner_alone(checkout: Path) -> None:
    new_env(checkout)
    assert stat.S_IMODE((checkout / ".env").stat().st_mode) == 0o600


def test_a_file_that_exists_is_not_touched(checkout: Path) -> None:
    (checkout / ".env").write_text("POSTGRES_PASSWORD=precious\n", encoding="utf-8")
    done = new_env(checkout)
    assert done.returncode == 1
    assert "stays as it is" in done.stderr
    assert (checkout / ".env").read_text(encoding="utf-8") == "POSTGRES_PASSWORD=precious\n"


def test_with_what_an_operator_fills_in_the_installation_is_complete(checkout: Path) -> None:
    done = new_env(checkout)
    asked_for = re.findall(r"[A-Z]+_[A-Z]+", done.stdout)
    environment = read_env(checkout / ".env") | dict.fromkeys(asked_for, "filled")
    assert compose(environment)["services"]


def test_for_trying_nothing_has_to_be_filled_in(checkout: Path) -> None:
    new_env(checkout)
    environment = read_env(checkout / ".env") | read_env(ROOT / "deploy/try.env")
    assert compose(environment)["services"]


def test_every_variable_for_trying_is_one_of_the_example_environment() -> None:
    assert set(read_env(ROOT / "deploy/try.env")) <= set(read_env(ROOT / ".env.example"))


def test_the_environment_file_is_kept_out_of_version_control() -> None:
    assert "/.env" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
