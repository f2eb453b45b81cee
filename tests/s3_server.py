"""A real store that speaks S3: SeaweedFS, as a wheel."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.redis_server import free_port
from tests.waiting import wait_until

KEY_ID, SECRET = "southlink", "a secret of the tests"


@dataclass(frozen=True)
class S3Server:
    """Where the store is; a bucket is made by the first object in it."""

    endpoint: str


@contextmanager
def running(folder: Path) -> Iterator[S3Server]:
    """Yield a store that keeps its objects in ``folder``."""
    folder.mkdir()
    identity = {
        "name": "southlink",
        "credentials": [{"accessKey": KEY_ID, "secretKey": SECRET}],
        "actions": ["Admin", "Read", "Write", "List"],
    }
    config = folder / "s3.json"
    config.write_text(json.dumps({"identities": [identity]}))
    port = free_port()
    parts = ("master", "volume", "filer")
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [
                str(Path(sys.executable).parent / "weed"),
                "server",
                f"-dir={folder}",
                "-ip=127.0.0.1",
                "-ip.bind=127.0.0.1",
                *(f"-{part}.port={free_port()}" for part in parts),
                *(f"-{part}.port.grpc={free_port()}" for part in parts),
                "-filer",
                "-s3",
                f"-s3.port={port}",
                f"-s3.port.grpc={free_port()}",
                "-s3.port.iceberg=0",
                "-s3.port.lance=0",
                f"-s3.config={config}",
                "-master.volumeSizeLimitMB=64",
                "-volume.max=4",
                "-volume.minFreeSpace=16MiB",
            ],
            stdout=log,
            stderr=log,
        )
        try:
            wait_until(lambda: _answers(port), "the store that speaks S3 answers", seconds=60)
            yield S3Server(f"http://127.0.0.1:{port}")
        finally:
            process.kill()
            process.wait()


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/", timeout=2).status_code < 500
    except httpx.HTTPError:
        return False
