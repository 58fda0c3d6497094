"""A real S3 server for tests: SeaweedFS, on free loopback ports, in a temporary folder. It ends with the session."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import sys
import tempfile
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.databases import owner, wait_for
from tests.servers import free_port, guarded

KEY, SECRET = "tests-key", "tests-secret"
IDENTITY = {
    "name": "tests",
    "credentials": [{"accessKey": KEY, "secretKey": SECRET}],
    "actions": ["Admin", "Read", "Write", "List", "Tagging"],
}
_NUMBERS = count(1)


def url() -> str:
    """As ANSFLOW_STORAGE_URL, with a place of its own."""
    return f"s3://tests/place-{next(_NUMBERS)}?endpoint=http://127.0.0.1:{port()}&region=us-east-1"


def bucket() -> Any:
    """The same, opened."""
    from ansflow.infra.storage.opening import open_store

    return open_store(url(), credentials=(KEY, SECRET))


@cache
def port() -> int:
    weed = shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")
    if weed is None:
        pytest.skip("SeaweedFS is not installed: make setup installs it.")
    folder = Path(tempfile.mkdtemp(prefix="ansflow-tests-s3-"))
    folder.chmod(0o755)
    known = folder / "s3.json"
    known.write_text(json.dumps({"identities": [IDENTITY]}))
    s3, master, volume, filer = (free_port() for _ in range(4))
    grpc = [free_port() for _ in range(4)]
    command = [
        *(weed, "server", "-dir", str(folder), "-ip", "127.0.0.1", "-ip.bind", "127.0.0.1", "-s3"),
        *("-s3.config", str(known), "-s3.port", str(s3), "-s3.port.grpc", str(grpc[0])),
        *("-s3.port.iceberg", "0", "-s3.port.lance", "0"),  # they would take ports of their own
        *("-master.port", str(master), "-master.port.grpc", str(grpc[1]), "-master.telemetry=false"),
        *("-volume.port", str(volume), "-volume.port.grpc", str(grpc[2]), "-volume.max", "20"),
        *("-filer.port", str(filer), "-filer.port.grpc", str(grpc[3]), "-master.volumeSizeLimitMB", "64"),
    ]
    guard = guarded(command, folder, getpass.getuser(), owner())
    with (folder / "server.log").open("ab") as log:
        streams = [(os.POSIX_SPAWN_DUP2, log.fileno(), 1), (os.POSIX_SPAWN_DUP2, log.fileno(), 2)]
        os.posix_spawn(guard[0], guard, os.environ, file_actions=streams)
    wait_for(s3, lambda: _answers(s3), folder)
    return s3


def _answers(port: int) -> bool:
    """Whether it stores something: it listens before it can."""
    import obstore

    from ansflow.infra.storage.opening import open_store

    try:
        store = open_store(
            f"s3://tests/probe?endpoint=http://127.0.0.1:{port}&region=us-east-1", credentials=(KEY, SECRET)
        )
        obstore.put(store, "probe", b"here")
    except (obstore.exceptions.BaseError, OSError):
        return False
    return True
