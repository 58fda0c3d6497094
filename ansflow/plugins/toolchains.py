"""The tools that build and test projects: how a project shows which it uses, and how commands become a script."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ansflow.core.errors import InvalidSpec, NotAvailable, Problem
from ansflow.core.leaves import Choice, Text, is_template
from ansflow.core.outcome import Outcome
from ansflow.core.schema import Field, ListOf, Shaped
from ansflow.core.spec import StepSpec
from ansflow.core.status import Reason, StepStatus
from ansflow.plugins.contracts import Command, StepJob
from ansflow.plugins.programs import find_program, first_program
from ansflow.plugins.scripts import script_command

Words = tuple[str, ...]
MAX_SIGN_BYTES = 1_000_000
TOOL = "tool"  # the file that holds the chosen tool's name: what a command leaves behind must not change the choice
SAID = "said"  # the file in which the script leaves a sentence when it cannot go on

ARGS = Shaped(forms=((str, Text()), (list, ListOf(Text()))), wanted="text, or a list with one argument each")
INSTALL = ListOf(Text())
INSTALLING = frozenset({"python", "pytest"})  # the tools for which `install` says something


@dataclass(frozen=True, slots=True)
class Sign:
    """A file that shows which tool a project uses; with `contains`, only when its text matches."""

    glob: str
    contains: str = ""

    def seen(self, folder: Path) -> str:
        """The name of the file, or ""."""
        for path in sorted(folder.glob(self.glob)):
            if path.is_file() and (not self.contains or re.search(self.contains, _start(path), re.MULTILINE)):
                return path.relative_to(folder).as_posix()
        return ""


Signs = Mapping[str, tuple[Sign, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something the commands rely on: `check` succeeds where it is there, `sentence` says what to do otherwise."""

    check: Words
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Commands in order; the first that fails ends the step. `through` is put before each when it runs."""

    commands: tuple[Words, ...]
    through: Words = ()
    needs: tuple[Need, ...] = ()


def tool_fields(signs: Signs, targets: str) -> dict[str, Field]:
    """The parameters that build and test share."""
    return {
        "tool": Field(Choice(tuple(signs)), "Which tool; without it, the project's files show it."),
        "target": Field(Text(), targets),
        "args": Field(ARGS, "More arguments for the tool, added at the end."),
        "install": Field(
            INSTALL,
            "For Python: what pip installs into .venv first, as in `[., pytest]` or `-r requirements.txt`.",
        ),
    }


def tool_problems(spec: StepSpec) -> Iterable[Problem]:
    """A step says itself what to run, or lets a tool do it; both at once would leave one of them out."""
    chosen = [name for name in ("tool", "target", "args", "install") if name in spec.parameters]
    if spec.run and chosen:
        yield Problem(
            code="run_and_tool",
            message=f"`run` says what to run, so `{chosen[0]}` would not be used.",
            hint="Leave one of them out.",
            path=("with", chosen[0]),
        )
    elif "install" in chosen and "tool" in chosen and not is_template(spec.parameters["tool"]):
        yield from _idle_install(str(spec.parameters["tool"]))


def _idle_install(tool: str) -> list[Problem]:
    if tool in INSTALLING:
        return []
    message = f"`install` is for Python, so {tool} would not use it."
    return [Problem(code="run_and_tool", message=message, hint="Take it out.", path=("with", "install"))]


def choose_tool(job: StepJob, signs: Signs, work: str) -> tuple[str, str]:
    """The tool, and a sentence that says why this one. Raises NotAvailable when nothing in the folder shows one."""
    if named := job.parameters.get("tool"):
        return str(named), f"Tool: {named}, as the step says."
    seen = seen_tools(job.cwd, signs)
    found = list(seen)
    if not found:
        raise NotAvailable(_nothing_seen(job, signs, work))
    others = f" Also seen: {', '.join(found[1:])}; `tool` chooses another." if len(found) > 1 else ""
    return found[0], f"Detected {found[0]}: {', '.join(seen[found[0]])}.{others}"


def seen_tools(folder: Path, signs: Signs) -> dict[str, list[str]]:
    """The tools that a folder's files show, best first, each with the names of those files."""
    seen = {tool: [name for sign in signs[tool] if (name := sign.seen(folder))] for tool in signs}
    return {tool: names for tool, names in seen.items() if names}


def _nothing_seen(job: StepJob, signs: Signs, work: str) -> str:
    place = job.spec.working_directory or "the workspace"
    if not job.cwd.is_dir() or not any(job.cwd.iterdir()):
        return f"There is nothing to {work}: {place} is empty. A step of type fetch_code brings the code; `needs` it."
    looked = ", ".join(dict.fromkeys(sign.glob for tool in signs for sign in signs[tool]))
    hint = "Name a tool with `with: {tool: …}`, or the command with `run`."
    return f"Nothing in {place} shows how to {work} it. Looked for: {looked}. {hint}"


def extra_words(job: StepJob) -> Words:
    args = job.parameters.get("args") or ()
    return tuple(shlex.split(args)) if isinstance(args, str) else tuple(args)


def target_of(job: StepJob, default: str = "") -> str:
    return str(job.parameters.get("target") or default)


def tool_command(job: StepJob, tool: str, why: str, recipe: Recipe) -> Command:
    """One script that says why, shows each command line, and runs it. Raises InvalidSpec for an idle `install`."""
    if job.parameters.get("install") and (idle := _idle_install(tool)):
        raise InvalidSpec(idle)
    lines = [_say(why)]
    for need in recipe.needs:
        said = shlex.quote(str(job.file(SAID)))
        lines.append(f"{shlex.join(need.check)} >/dev/null 2>&1 || {{ {_say(need.sentence)} | tee {said}; exit 1; }}")
    for words in recipe.commands:
        lines += [_say("$ " + shlex.join(words)), shlex.join((*recipe.through, *words))]
    plain = replace(job, run="\n".join(lines), spec=replace(job.spec, shell="sh"))
    command = script_command(plain)
    return replace(command, files={**command.files, TOOL: tool})


def _say(text: str) -> str:
    """Not `echo`, which reads backslashes in some shells."""
    return f"printf '%s\\n' {shlex.quote(text)}"


def chosen_tool(job: StepJob) -> str:
    """The tool that the command was made for, "" where the step said itself what to run."""
    return _left(job, TOOL)


def with_sentence(job: StepJob, outcome: Outcome) -> Outcome:
    """The outcome with what the script said when something it needs was missing."""
    said = _left(job, SAID)
    if not said or outcome.status is not StepStatus.FAILED:
        return outcome
    return replace(outcome, reason=Reason.NOT_AVAILABLE, message=said)


# ── what several recipes share ───────────────────────────────────────────────────────────────────────────────────


def python_recipe(job: StepJob) -> tuple[str, Recipe]:
    """The Python to use, and what makes it ready: .venv where there is one, or where `install` asks for one."""
    install = tuple(word for item in job.parameters.get("install") or () for word in shlex.split(item))
    folder = next((name for name in (".venv", "venv") if (job.cwd / name / "bin" / "python").exists()), "")
    if not install:
        return f"{folder}/bin/python" if folder else first_program(("python3", "python"), job.env), Recipe(commands=())
    python = f"{folder or '.venv'}/bin/python"
    make = () if folder else ((first_program(("python3",), job.env), "-m", "venv", ".venv"),)
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *install)
    return python, Recipe(commands=(*make, pip))


def needs_module(python: str, module: str, package: str) -> Need:
    look = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    hint = f"Install it in a step before, or let this one do it: with: {{install: [{package}]}}."
    return Need(check=(python, "-c", look), sentence=f"{package} is not installed for {python}. {hint}")


def node_recipe(job: StepJob, program: str, default: str) -> Recipe:
    """A script of package.json, after the project's own dependencies."""
    first_program((program,), job.env)
    script = _node_script(job, target_of(job, default))
    args = ("--", *extra_words(job)) if extra_words(job) else ()
    return Recipe(commands=(*_node_install(job, program), (program, "run", script, *args)))


def _node_install(job: StepJob, program: str) -> tuple[Words, ...]:
    """The project's own dependencies, as its lock file says, unless they are there."""
    if (job.cwd / "node_modules").is_dir():
        return ()
    if program == "pnpm":
        return ((program, "install", "--frozen-lockfile"),)
    locked = any((job.cwd / name).is_file() for name in ("package-lock.json", "npm-shrinkwrap.json"))
    return ((program, "ci" if locked else "install", "--no-audit", "--no-fund"),)


def wrapper_or(job: StepJob, wrapper: str, program: str) -> str:
    """A project's own wrapper script goes before the program of this machine."""
    if find_program(str(job.cwd / wrapper), job.env):
        return f"./{wrapper}"
    return first_program((program,), job.env)


def refused(message: str, key: str) -> InvalidSpec:
    return InvalidSpec([Problem(code="no_such_target", message=message, path=("with", key))])


def _left(job: StepJob, name: str) -> str:
    try:
        return job.file(name).read_text()[:1000].strip()
    except OSError:
        return ""


def _start(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(MAX_SIGN_BYTES).decode("utf-8", "replace")


def words_or_nothing(flag: str, value: str) -> Sequence[str]:
    return (flag, value) if value else ()


def _node_script(job: StepJob, name: str) -> str:
    """The script's name, when package.json has it."""
    scripts = _package_scripts(job.cwd / "package.json")
    if name not in scripts:
        known = f"It has: {', '.join(sorted(scripts))}." if scripts else "It has no scripts at all."
        raise refused(f"package.json has no script {name!r}. {known} Name one with `target`, or write `run`.", "target")
    return name


def _package_scripts(path: Path) -> Mapping[str, object]:
    import json  # noqa: PLC0415 — only projects of Node need it

    try:
        scripts = json.loads(path.read_bytes()).get("scripts")
    except OSError as error:
        raise refused(f"package.json cannot be read: {error.strerror}.", "tool") from error
    except (ValueError, AttributeError) as error:
        raise refused(f"package.json is no JSON map: {error}.", "tool") from error
    return scripts if isinstance(scripts, dict) else {}
