"""The peers' packages, each peer in an environment of its own beside the benchmarks: nothing of them gets into ours."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

TOOLS = Path(__file__).parents[1] / ".tools"
LOCKS = Path(__file__).with_name("locks")


@cache
def programs(peer: str) -> Path | str:
    """The folder of its programs, or a sentence why there is none. Installed once for each list of requirements."""
    lock, folder = LOCKS / f"{peer}.txt", TOOLS / peer
    made, noted = folder / "bin", folder / "requirements.txt"
    if noted.exists() and noted.read_bytes() == lock.read_bytes():
        return made
    TOOLS.mkdir(exist_ok=True)
    install = [str(made / "python"), "-m", "pip", "install", "-q", "--no-deps", "--require-hashes"]
    install += ["--only-binary", ":all:", "-r"]
    for command in ([sys.executable, "-m", "venv", "--clear", str(folder)], [*install, str(lock)]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            return f"it could not be installed: {last}"
    noted.write_bytes(lock.read_bytes())
    return made
