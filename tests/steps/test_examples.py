"""The examples run, as a reader would run them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("custom", "The sum is 55."),
        ("fetch_code", "newest:  A larger shop, by Ann"),
        ("build", "Detected make: Makefile."),
        ("test", "tests: 1 passed, 1 skipped"),
    ],
)
def test_an_example_runs(name, said, tmp_path):
    ansflow = Path(sys.executable).with_name("ansflow")
    done = subprocess.run(
        [ansflow, "run", EXAMPLES / name / ".ansflow.yml"],
        env={**os.environ, "ANSFLOW_DATA_DIR": str(tmp_path), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert said in done.stdout + done.stderr
