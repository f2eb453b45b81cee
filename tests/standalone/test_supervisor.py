"""The supervisor keeps processes running, says plainly why it can't, and leaves none behind."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from standalone import supervisor as module
from standalone.program import Program
from standalone.supervisor import ProcessFailedError, Supervisor, end_leftovers
from tests.waiting import wait_until


def shell(name: str, script: str) -> Program:
    return Program(name, ("/bin/sh", "-c", script))


def sleeper(name: str) -> Program:
    return Program(name, ("/bin/sleep", "600"))


@pytest.fixture
def supervisor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Supervisor]:
    monkeypatch.setattr(module, "FIRST_RESTART_SECONDS", 0.01)
    monkeypatch.setattr(module, "GRACE_SECONDS", 1.0)
    supervisor = Supervisor(tmp_path, {"SOUTHLINK_TEST": "in the environment"})
    yield supervisor
    supervisor.stop(last=())


def is_program(process: psutil.Process, name: str) -> bool:
    """Whether a forked process has become its program already."""
    return process.cmdline()[:1] == [name]


def test_a_program_gets_its_environment_and_its_log(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.run([shell("teller", 'echo "$SOUTHLINK_TEST"; echo "on error" >&2')], 30)

    log = tmp_path / "logs" / "teller.log"
    assert log.read_text() == "in the environment\non error\n"
    assert log.stat().st_mode & 0o077 == 0


def test_a_program_that_fails_is_named_with_the_end_of_its_log(supervisor: Supervisor) -> None:
    script = "for n in $(seq 40); do echo line $n; done; exit 3"

    with pytest.raises(ProcessFailedError) as error:
        supervisor.run([shell("migrator", script)], 30)

    said = str(error.value)
    assert said.startswith("migrator ended with status 3. Its log is ")
    assert "line 40" in said
    assert "line 20" not in said


def test_a_program_that_does_not_end_is_killed_and_named(supervisor: Supervisor) -> None:
    with pytest.raises(ProcessFailedError, match="stuck did not end in"):
        supervisor.run([sleeper("stuck")], 1)


def test_a_killed_process_is_started_again(supervisor: Supervisor) -> None:
    supervisor.start(sleeper("worker"))
    first = supervisor.processes()["worker"]
    first.kill()

    second = wait_until(
        lambda: (
            found if (found := supervisor.processes().get("worker")) not in (None, first) else None
        ),
        "the worker runs again",
    )

    assert second is not None
    assert second.is_running()
    assert supervisor.failure is None


def test_a_process_that_crashes_again_and_again_is_given_up_with_a_reason(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    supervisor.start(shell("broken", 'echo "the disk is full"; exit 1'))

    failure = wait_until(lambda: supervisor.failure, "the supervisor gives up", 20)

    assert failure is not None
    assert failure.startswith("broken ended with status 1.")
    assert "the disk is full" in failure
    starts = (tmp_path / "logs" / "broken.log").read_text().count("the disk is full")
    assert starts == module.CRASHES + 1


def test_a_crash_does_not_touch_the_other_processes(supervisor: Supervisor) -> None:
    supervisor.start(sleeper("calm"))
    calm = supervisor.processes()["calm"]
    supervisor.start(shell("broken", "exit 1"))

    wait_until(lambda: supervisor.failure, "the supervisor gives up", 20)

    assert supervisor.processes()["calm"] == calm


def test_stopping_ends_every_process_and_those_named_last_come_last(
    tmp_path: Path,
) -> None:
    supervisor = Supervisor(tmp_path, {})
    order = tmp_path / "order"
    for name in ("redis", "catcher", "worker"):
        script = (
            f"trap 'echo {name} >> {order}; exit 0' TERM; echo ready; while :; do sleep 0.05; done"
        )
        supervisor.start(shell(name, script))
        wait_until_ready(supervisor, name)
    processes = list(supervisor.processes().values())

    supervisor.stop(last=("redis", "catcher"))

    assert order.read_text().split() == ["worker", "redis", "catcher"]
    assert [process for process in processes if is_child_of_the_test(process)] == []


def wait_until_ready(supervisor: Supervisor, name: str) -> None:
    """Wait until a script has set its traps and said ``ready``."""
    log = supervisor.log_of(name)
    wait_until(lambda: log.exists() and "ready" in log.read_text(), f"{name} is ready")


def is_child_of_the_test(process: psutil.Process) -> bool:
    """Whether it is a running program of a test, not this process or its fork server."""
    try:
        return process.is_running() and is_program(process, "/bin/sh")
    except psutil.NoSuchProcess:
        return False


def test_a_process_that_ignores_the_request_to_end_is_killed(supervisor: Supervisor) -> None:
    supervisor.start(shell("deaf", "trap '' TERM; echo ready; while :; do sleep 0.05; done"))
    wait_until_ready(supervisor, "deaf")
    deaf = supervisor.processes()["deaf"]

    supervisor.stop(last=())

    assert not deaf.is_running()


def test_a_stopped_supervisor_starts_nothing_again(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(sleeper("worker"))

    supervisor.stop(last=())

    assert "worker" not in supervisor.processes()
    assert json.loads((tmp_path / "processes.json").read_text()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux ties a process to its parent.")
def test_the_processes_of_a_killed_supervisor_end_by_themselves(tmp_path: Path) -> None:
    killed = subprocess.Popen(
        [sys.executable, "-m", "tests.standalone.supervised", str(tmp_path), "600"]
    )
    wait_until((tmp_path / "started").exists, "its processes run", 30)
    children = psutil.Process(killed.pid).children(recursive=True)
    wait_until(lambda: sum(is_program(one, "/bin/sleep") for one in children) == 2, "both sleep")

    killed.send_signal(signal.SIGKILL)
    killed.wait()

    wait_until(lambda: not any(one.is_running() for one in children), "all of them ended", 20)


def note(folder: Path, process: psutil.Process, created: float) -> None:
    """Write the note that a killed supervisor leaves."""
    entry = {"name": "redis", "pid": process.pid, "created": created}
    (folder / "processes.json").write_text(json.dumps([entry]))


@pytest.fixture
def stranger() -> Iterator[psutil.Process]:
    """A process that no supervisor started."""
    started = subprocess.Popen(["/bin/sleep", "600"])
    yield psutil.Process(started.pid)
    started.kill()
    started.wait()


def test_what_a_killed_supervisor_left_is_ended_at_the_next_start(
    tmp_path: Path, stranger: psutil.Process
) -> None:
    note(tmp_path, stranger, stranger.create_time())

    assert end_leftovers(tmp_path) == ["redis"]

    assert not stranger.is_running()
    assert end_leftovers(tmp_path) == []


def test_a_stranger_that_got_the_same_process_id_is_left_alone(
    tmp_path: Path, stranger: psutil.Process
) -> None:
    note(tmp_path, stranger, stranger.create_time() - 3600)

    assert end_leftovers(tmp_path) == []

    assert stranger.is_running()


@pytest.mark.parametrize("garbage", ["", "{", "[1]", '{"pid": 1}', '[{"pid": 1}]', "\x00\x00"])
def test_a_note_that_was_cut_off_does_not_stop_the_next_start(tmp_path: Path, garbage: str) -> None:
    (tmp_path / "processes.json").write_text(garbage)

    assert end_leftovers(tmp_path) == []
