"""What holds for every file: sizes that a reader can hold, and words that belong to the project."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "ansflow").rglob("*.py"))
EDGES = {
    "ansflow/cli/follow.py": "event pump",
    "ansflow/engine/runner.py": "worker loop",
    "ansflow/executors/shim/supervision.py": "the shim",
    "ansflow/engine/stumbling.py": "whoever must go on",
}
RAISED_AGAIN = {"ansflow/core/failing.py"}


def tracked() -> list[Path]:
    """The files of the repository; of a copy without git, every file outside hidden and installed folders."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    names = listed.stdout.split("\0") if listed.returncode == 0 else []
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_can_be_read_in_one_go(module: Path) -> None:
    assert len(module.read_text().splitlines()) <= 450


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_what_it_is_for(module: Path) -> None:
    tree = ast.parse(module.read_text())
    assert not tree.body or ast.get_docstring(tree) or module.parent.name == "migrations"


def broad(node: ast.AST) -> int:
    """The line in which something catches every exception; 0 for what does not."""
    if isinstance(node, ast.ExceptHandler):
        caught = [node.type] if node.type else [ast.Name("BaseException")]
    elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == "suppress":
        caught = node.args
    else:
        return 0
    names = {name.id for one in caught for name in ast.walk(one) if isinstance(name, ast.Name)}
    return node.lineno if names & {"Exception", "BaseException"} else 0


def test_everything_is_caught_only_at_an_edge_that_says_which_it_is() -> None:
    """And in the one place that raises it again."""
    found = {}
    for module in MODULES:
        lines = module.read_text().splitlines()
        for line in filter(None, map(broad, ast.walk(ast.parse("\n".join(lines))))):
            place = str(module.relative_to(ROOT))
            if place not in RAISED_AGAIN:
                found[place] = lines[line - 1].partition("# edge: ")[2].partition(".")[0]
    assert found == EDGES


def test_no_file_is_named_after_its_age_or_its_vagueness() -> None:
    vague = {"old", "new", "v2", "utils", "util", "helpers", "common", "misc"}
    assert [path for path in tracked() if path.stem in vague] == []


def test_the_project_speaks_only_of_itself() -> None:
    """No path of a machine and no address of a package registry stands in any file."""
    hosts = ("pypi" + ".org", "files.pythonhosted" + ".org", "registry.npmjs" + ".org", "deb.debian" + ".org")
    places = ("/" + "work/main", "/" + "tmp/wt")
    found = [
        (str(path.relative_to(ROOT)), word)
        for path in tracked()
        for word in (*hosts, *places)
        if word in path.read_text(errors="replace")
    ]
    assert found == []
