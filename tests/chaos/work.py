"""What runs under chaos: pipelines whose steps tell a witness what they do, past everything that AnsFlow records.

The witness is a folder. To its file `runs` each run of a step appends `<execution> <step> <attempt> began`, and then
`ended`; in `logs/<execution>.<step>.<attempt>` stands what it has printed: a run that is doubled shows in both.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

SCRIPT = """\
# LINES PAUSE [EXIT CODE OF THE FIRST ATTEMPT]
name="$ANSFLOW_EXECUTION_ID.$ANSFLOW_STEP.$ANSFLOW_ATTEMPT"
echo "$ANSFLOW_EXECUTION_ID $ANSFLOW_STEP $ANSFLOW_ATTEMPT began" >> "$WITNESS/runs"
{
    seq -f "$name: %.0f" "$1"
    sleep "$2"
    head -c 2000 /dev/urandom | base64
    seq -f "$name: %.0f" "$1"
} | tee -a "$WITNESS/logs/$name"
cp "$WITNESS/logs/$name" "kept-$ANSFLOW_STEP"
echo "$ANSFLOW_EXECUTION_ID $ANSFLOW_STEP $ANSFLOW_ATTEMPT ended" >> "$WITNESS/runs"
[ "$ANSFLOW_ATTEMPT" -gt 1 ] || exit "${3:-0}"
"""

HEAD = """\
version: 1
name: {name}
env: {{WITNESS: {folder}, LOCK: {lock}}}
"""

WORK = """\
steps:
  prepare: {executor: host, run: 'sh "$WITNESS/script" 200 0.1', artifacts: {paths: [kept-prepare]}}
  left: {needs: prepare, executor: host, run: 'sh "$WITNESS/script" 20 0.3'}
  right:
    needs: prepare
    executor: host
    run: sh "$WITNESS/script" 3000 0.05 1
    retry: {max: 2, on: [exit_code], delay: 100ms}
  join: {needs: [left, right], executor: host, run: 'sh "$WITNESS/script" 1 0.05', artifacts: {paths: [kept-join]}}
"""
GATED = """\
steps:
  before: {executor: host, run: 'sh "$WITNESS/script" 10 0.05'}
  after: {needs: before, approval: {required: 1}, executor: host, run: 'sh "$WITNESS/script" 10 0.1'}
"""
ENDLESS = """\
steps:
  wait: {executor: host, run: 'sh "$WITNESS/script" 10 600'}
  never: {needs: wait, executor: host, run: 'sh "$WITNESS/script" 10 0'}
finally:
  tidy: {executor: host, run: 'sh "$WITNESS/script" 10 0'}
"""
GROUPED = """\
concurrency: {group: one, policy: queue}
steps:
  alone: {executor: host, run: 'sh "$WITNESS/script" 10 0.05'}
"""
SHORT = """\
steps:
  first:
    executor: host
    run: |
      until [ -e "$WITNESS/go" ]; do sleep 0.05; done
      sh "$WITNESS/script" 5 0
  second: {needs: first, executor: host, run: 'sh "$WITNESS/script" 5 0'}
"""
POISON = """\
steps:
  poison:
    executor: host
    run: |
      sh "$WITNESS/script" 50 0
      kill -9 "$(cat "$LOCK")"
  after: {needs: poison, executor: host, run: 'sh "$WITNESS/script" 5 0'}
"""
QUICK = """\
steps:
  quick: {executor: host, run: 'sh "$WITNESS/script" 5 0'}
"""
LONG = """\
steps:
  long:
    executor: host
    run: sh "$WITNESS/script" 50 "$([ "$ANSFLOW_ATTEMPT" = 1 ] && echo 14 || echo 0)"
    artifacts: {paths: [kept-long]}
  last: {needs: long, executor: host, run: 'sh "$WITNESS/script" 5 0'}
"""
SLOW = """\
steps:
  slow: {executor: host, run: 'sh "$WITNESS/script" 20 1'}
  slower: {needs: slow, executor: host, run: 'sh "$WITNESS/script" 20 1'}
"""
DEADLY = """\
steps:
  deadly:
    executor: host
    run: |
      sh "$WITNESS/script" 50 0
      folder=$PWD
      until [ -e "$folder/server.lock" ]; do folder=$(dirname "$folder"); done
      kill -9 "$(cat "$folder/server.lock")" $PPID
  after: {needs: deadly, executor: host, run: 'sh "$WITNESS/script" 5 0'}
"""
DOOMED = """\
steps:
  doomed: {executor: host, run: 'sh "$WITNESS/script" 50 600'}
  after: {needs: doomed, executor: host, run: 'sh "$WITNESS/script" 5 0'}
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """`ends` is the only right end. `needs` of each step that is to run, so that a run before its need can be seen."""

    source: str
    ends: str
    needs: dict[str, tuple[str, ...]]
    steps: int


KINDS = {
    "work": Kind(
        WORK, "success", {"prepare": (), "left": ("prepare",), "right": ("prepare",), "join": ("left", "right")}, 4
    ),
    "gated": Kind(GATED, "success", {"before": (), "after": ("before",)}, 2),
    "endless": Kind(ENDLESS, "cancelled", {"tidy": ()}, 3),
    "grouped": Kind(GROUPED, "success", {"alone": ()}, 1),
    "poison": Kind(POISON, "success", {"poison": (), "after": ("poison",)}, 2),
    "deadly": Kind(DEADLY, "failed", {"deadly": ()}, 2),
    "doomed": Kind(DOOMED, "failed", {"doomed": ()}, 2),
    "slow": Kind(SLOW, "success", {"slow": (), "slower": ("slow",)}, 2),
    "long": Kind(LONG, "success", {"long": (), "last": ("long",)}, 2),
    "quick": Kind(QUICK, "success", {"quick": ()}, 1),
    "short": Kind(SHORT, "success", {"first": (), "second": ("first",)}, 2),
}


class Run(NamedTuple):
    """A line of the witness."""

    execution: int
    step: str
    attempt: int
    what: str


class Witness:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "logs").mkdir(parents=True)
        (folder / "script").write_text(SCRIPT)
        self.file.touch()

    @property
    def file(self) -> Path:
        return self.folder / "runs"

    def halt(self) -> None:
        """Each `short` waits from now on, until it is to `go`."""
        (self.folder / "go").unlink(missing_ok=True)

    def go(self) -> None:
        (self.folder / "go").touch()

    def source(self, name: str) -> str:
        lock = self.folder.parent / "data" / "server.lock"
        return HEAD.format(name=name, folder=self.folder, lock=lock) + KINDS[name].source

    def runs(self) -> list[Run]:
        """In the order in which they happened."""
        words = (line.split() for line in self.file.read_text().splitlines())
        return [Run(int(execution), step, int(attempt), what) for execution, step, attempt, what in words]

    def logs(self) -> dict[tuple[int, str, int], bytes]:
        found = {}
        for path in (self.folder / "logs").iterdir():
            execution, step, attempt = path.name.split(".")
            found[int(execution), step, int(attempt)] = path.read_bytes()
        return found
