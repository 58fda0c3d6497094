"""The others' libraries, in an environment beside the benchmarks: nothing of them gets into ours."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

from bench.peers import TOOLS

REQUIREMENTS = Path(__file__).with_name("peers.txt")
FOLDER = TOOLS / "live"


@cache
def python() -> Path | str:
    """Its interpreter, or a sentence why there is none. Installed once for each list of requirements."""
    made, noted = FOLDER / "bin" / "python", FOLDER / "requirements.txt"
    if noted.exists() and noted.read_bytes() == REQUIREMENTS.read_bytes():
        return made
    TOOLS.mkdir(exist_ok=True)
    install = [str(made), "-m", "pip", "install", "-q", "--require-hashes", "--only-binary", ":all:", "-r"]
    for command in ([sys.executable, "-m", "venv", "--clear", str(FOLDER)], [*install, str(REQUIREMENTS)]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            return f"its libraries could not be installed: {last}"
    noted.write_bytes(REQUIREMENTS.read_bytes())
    return made
