"""Southlink starts, stops and starts again, and leaves nothing behind."""

import signal
import socket
from contextlib import suppress
from pathlib import Path

import psutil

from standalone.story.reading import news_sent
from tests.end_to_end.southlink import Up, southlink
from tests.waiting import wait_until


def test_a_second_start_on_the_same_data_says_how_to_reach_the_first(up: Up) -> None:
    second = southlink("up", "--data", str(up.folder))
    assert second.returncode == 1
    assert "already up" in second.stderr
    assert up.services.mail in second.stderr
    assert "Traceback" not in second.stderr
    assert up.process.poll() is None


def test_ctrl_c_stops_everything_and_the_next_start_finds_the_data(up: Up) -> None:
    news = news_sent(up.services)
    processes = list(up.processes().values())
    assert up.interrupt() == 0
    assert "its data stays" in up.output
    assert not any(process.is_running() for process in processes)

    again = Up(up.folder)
    try:
        assert "The data of last time is there again." in again.output
        assert news_sent(again.services) == news > 0
        institutions = again.services.get(f"{again.services.registry}/institutions")["items"]
        assert len(institutions) == 15

        processes = list(again.processes().values())
        again.process.send_signal(signal.SIGKILL)
        again.process.wait()
        wait_until(
            lambda: not any(process.is_running() for process in processes),
            "the processes of a killed supervisor end",
            30,
        )
    finally:
        if again.process.poll() is None:
            again.process.kill()


def test_the_demo_tells_all_of_it_saves_a_digest_and_leaves_nothing_running(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "demo"
    before = {process.pid for process in psutil.process_iter()}
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Where somebody listens there already, the port is busy as well.
        with suppress(OSError):
            taken.bind(("127.0.0.1", 8001))
            taken.listen()
        done = southlink("demo", "--data", str(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    for words in (
        "15",
        "institutions verified",
        "events carried",
        "digests delivered",
        "same kind of support: training (weight 0.30)",
        "UNOSSC offers funding",
        "CIRDAP writes to Focal point of ISTIC",
        "stopped",
    ):
        assert words in done.stdout
    for ending in ("eml", "html", "txt"):
        assert (folder / f"digest.{ending}").stat().st_size > 500
    ours = [
        process
        for process in psutil.process_iter(["cmdline"])
        if process.pid not in before and str(folder) in " ".join(process.info["cmdline"] or [])
    ]
    assert ours == []


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    done = southlink("demo", "--data", str(tmp_path))
    assert done.returncode == 1
    assert "holds other files" in done.stderr
    assert (tmp_path / "thesis.txt").read_text() == "mine"
