"""What `go test -json` and `cargo test` print becomes JUnit. The events are those of `go help test` and test2json."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from ansflow.plugins.reports.junit import read_junit

GO = [
    {"Action": "start", "Package": "shop"},
    {"Action": "run", "Package": "shop", "Test": "TestAdd"},
    {"Action": "output", "Package": "shop", "Test": "TestAdd", "Output": "=== RUN   TestAdd\n"},
    {"Action": "pass", "Package": "shop", "Test": "TestAdd", "Elapsed": 0.01},
    {"Action": "run", "Package": "shop", "Test": "TestSum"},
    {"Action": "output", "Package": "shop", "Test": "TestSum", "Output": "    shop_test.go:12: 2 is not 3 \x1b[0m\n"},
    {"Action": "fail", "Package": "shop", "Test": "TestSum", "Elapsed": 0.5},
    {"Action": "run", "Package": "shop", "Test": "TestLater"},
    {"Action": "skip", "Package": "shop", "Test": "TestLater", "Elapsed": 0},
    {"Action": "fail", "Package": "shop", "Elapsed": 0.6},
    {"Action": "output", "Package": "shop/cart", "Output": "FAIL shop/cart [build failed]\n"},
    {"Action": "fail", "Package": "shop/cart", "Elapsed": 0},
]


def heard(tmp_path: Path, dialect: str, printed: str, code: int = 0) -> tuple[Path, subprocess.CompletedProcess[str]]:
    (tmp_path / "printed").write_text(printed)
    report = tmp_path / "junit.xml"
    tool = ["sh", "-c", f"cat {tmp_path / 'printed'}; exit {code}"]
    command = [sys.executable, "-I", "-m", "ansflow.plugins.reports.listen", dialect, str(report), *tool]
    return report, subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_events_of_go_become_junit_and_its_words_the_log(tmp_path):
    printed = "# shop/cart\ncart.go:3: undefined: x\n" + "".join(json.dumps(event) + "\n" for event in GO)
    report, done = heard(tmp_path, "go", printed, code=1)
    tests = read_junit(report)
    assert (tests.total, tests.passed, tests.failed, tests.errors, tests.skipped) == (4, 1, 1, 1, 1)
    assert (tests.failing[0].name, tests.failing[0].file, tests.failing[0].line) == (
        "shop › TestSum",
        "shop_test.go",
        12,
    )
    assert tests.failing[1].message == "FAIL shop/cart [build failed]"
    assert done.returncode == 1
    assert done.stdout.startswith("# shop/cart\ncart.go:3: undefined: x\n=== RUN   TestAdd\n")


def test_a_command_that_prints_no_events_leaves_an_empty_report_and_its_code(tmp_path):
    report, done = heard(tmp_path, "go", "go: go.mod file not found\n{not json\n", code=2)
    assert (read_junit(report).total, done.returncode) == (0, 2)
    assert done.stdout == "go: go.mod file not found\n{not json\n"


def test_a_tool_that_is_not_there_is_a_sentence(tmp_path):
    listener = [sys.executable, "-I", "-m", "ansflow.plugins.reports.listen", "go", str(tmp_path / "junit.xml")]
    done = subprocess.run([*listener, "/no/such/go", "test"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (127, "")
    assert done.stdout == "/no/such/go could not be started: No such file or directory.\n"


def test_cargo_with_several_binaries(tmp_path):
    printed = (
        "running 2 tests\ntest a::good ... ok\ntest a::bad ... FAILED\n\nfailures:\n\n---- a::bad stdout ----\n"
        "thread 'a::bad' panicked at src/a.rs:4:5:\nassertion failed: 1 == 2\n\nfailures:\n    a::bad\n\n"
        "test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\n"
        "running 2 tests\ntest later ... ignored, needs a server\ntest b - should panic ... ok\n"
        "test result: ok. 1 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n"
    )
    report, _ = heard(tmp_path, "cargo", printed, code=101)
    tests = read_junit(report)
    assert (tests.total, tests.passed, tests.failed, tests.skipped) == (4, 2, 1, 1)
    assert (tests.failing[0].file, tests.failing[0].line) == ("src/a.rs", 4)
    assert "assertion failed: 1 == 2" in tests.failing[0].message
