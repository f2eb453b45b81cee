"""Asking for work is a shortcut: a broker that is away holds nobody up for long."""

import os
import socket
import subprocess
import sys
import threading

ASK = "from services.notifier import queues; from uuid import uuid4; queues.enqueue_run(uuid4())"


def test_a_broker_that_hangs_up_is_tried_three_times_and_no_longer() -> None:
    calls: list[socket.socket] = []

    def hang_up(listener: socket.socket) -> None:
        while True:
            try:
                caller, _ = listener.accept()
            except OSError:
                return
            calls.append(caller)
            caller.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        answering = threading.Thread(target=hang_up, args=(listener,))
        answering.start()
        broker = f"redis://127.0.0.1:{listener.getsockname()[1]}/1"
        asked = subprocess.run(
            [sys.executable, "-c", ASK],
            env={**os.environ, "NOTIFIER_CELERY_BROKER_URL": broker},
            capture_output=True,
            text=True,
            check=False,
        )
        listener.shutdown(socket.SHUT_RDWR)
        answering.join()

    assert "kombu.exceptions.OperationalError" in asked.stderr
    assert len(calls) == 3
