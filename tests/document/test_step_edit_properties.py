"""Random edits of steps and needs, in pipeline files of many styles: the same file with other words is the oracle."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from ansflow.document.edits import AddNeed, AddStep, Edit, MoveStep, RemoveNeed, RemoveStep, RenameStep, apply
from ansflow.document.step_edits import needs_of
from ansflow.document.yaml import load
from tests.document.spans import entry_span, is_subsequence, untouched_outside

Count = Callable[[str, int], None]
EDITS_PER_CHUNK = 200
IDS = ["source", "unit", "lint-all", "package", "scan_1", "deploy", "tell"]


@dataclass
class Author:
    """Writes the same pipeline in one of many styles; `called` gives a step another id wherever it is meant."""

    seed: int
    called: dict[str, str] = field(default_factory=dict)

    def text(self) -> str:
        self.random = random.Random(self.seed)
        self.step = self.random.choice([2, 4])
        self.dash = self.random.choice([0, self.step])
        self.quote = self.random.choice(["", "", "'", '"'])
        self.blank = self.random.random() < 0.5
        ids = IDS[: self.random.randint(3, len(IDS))]
        lines = ["# the pipeline", "version: 1", "", "steps:"]
        for index, name in enumerate(ids):
            lines += [""] if self.blank and index else []
            lines += [self.pad(1) + "# about " + name] if self.random.random() < 0.3 else []
            lines += self.step_lines(name, ids[:index])
        if self.random.random() < 0.4:
            lines += [
                "",
                "finally:",
                f"{self.pad(1)}last:",
                f"{self.pad(2)}needs: {self.name(ids[0])}",
                self.pad(2) + "run: x",
            ]
        text = "\n".join(lines) + "\n" * (self.random.random() < 0.8)
        return text.replace("\n", "\r\n") if self.random.random() < 0.2 else text

    def pad(self, depth: int) -> str:
        return " " * (self.step * depth)

    def name(self, step: str) -> str:
        return f"{self.quote}{self.called.get(step, step)}{self.quote}"

    def step_lines(self, step: str, before: list[str]) -> list[str]:
        needs = self.random.sample(before, self.random.randint(0, min(3, len(before))))
        key = f"{self.pad(1)}{self.called.get(step, step)}:"
        script = f"echo steps.{step}.x"
        if needs:  # what stands outside the braces only looks like a reference
            script += f" ${{{{ steps.{self.called.get(needs[0], needs[0])}.outputs.v }}}}"
        if self.random.random() < 0.2:
            listed = ", ".join(map(self.name, needs))
            return [f"{key} {{run: make, needs: [{listed}]}}  # {step}"]
        comment = "   # why" if self.random.random() < 0.2 else ""
        lines = [key + comment, *self.needs_lines(needs)]
        if needs and self.random.random() < 0.4:
            lines.append(f"{self.pad(2)}if: steps['{self.called.get(needs[0], needs[0])}'].status == 'success'")
        if self.random.random() < 0.5:
            return [*lines, self.pad(2) + "run: |", self.pad(3) + script, self.pad(3) + "# no comment"]
        return [*lines, f"{self.pad(2)}run: {script}"]

    def needs_lines(self, needs: list[str]) -> list[str]:
        if not needs:
            return []
        names = [self.name(need) for need in needs]
        form = self.random.choice(["one", "flow", "block", "map"])
        if form == "one" and len(names) == 1:
            return [f"{self.pad(2)}needs: {names[0]}  # waits"]
        if form == "block":
            return [self.pad(2) + "needs:", *(self.pad(2) + " " * self.dash + f"- {name}" for name in names)]
        if form == "map":
            names[0] = f"{{step: {names[0]}, optional: true}}"
        return [f"{self.pad(2)}needs: [{', '.join(names)}]"]


def find(value: Any, step: str) -> dict[str, Any]:
    return next(value[section][step] for section in ("steps", "finally") if step in value.get(section, {}))


def drop_need(step: dict[str, Any], need: str) -> None:
    if need in needs_of(step.get("needs")):
        needs = step["needs"] if isinstance(step["needs"], list) else [step["needs"]]
        step["needs"] = [item for item in needs if needs_of(item) != [need]]
        if not step["needs"]:
            del step["needs"]


def check_rename(author: Author, text: str, value: Any, random_: random.Random) -> None:
    old = random_.choice([*value["steps"]])
    new = apply(text, RenameStep(old, "renamed-step"))
    assert new == Author(author.seed, {old: "renamed-step"}).text()
    assert apply(new, RenameStep("renamed-step", old)) == text


def check_remove(author: Author, text: str, value: Any, random_: random.Random) -> None:
    gone = random_.choice([*value["steps"]])
    wanted = copy.deepcopy(value)
    del wanted["steps"][gone]
    for section in ("steps", "finally"):
        for step in wanted.get(section, {}).values():
            drop_need(step, gone)
    new = apply(text, RemoveStep(gone))
    assert load(new).value == wanted
    assert is_subsequence(new.replace("]", "").replace("[", ""), text.replace("]", "").replace("[", ""))
    assert new.count("# about") == text.count("# about")


def check_add(author: Author, text: str, value: Any, random_: random.Random) -> None:
    names = [*value["steps"]]
    needs = tuple(random_.sample(names, random_.randint(0, 2)))
    after = random_.choice(["", *names])
    new = apply(text, AddStep("added", type="test", needs=needs, after=after))
    wanted = list(value["steps"].items())
    body = {"type": "test"} | ({"needs": needs[0] if len(needs) == 1 else list(needs)} if needs else {})
    wanted.insert(names.index(after) + 1 if after else len(names), ("added", body))
    assert list(load(new).value["steps"].items()) == wanted
    assert is_subsequence(text, new)
    assert load(apply(new, RemoveStep("added"))).value == value


def check_move(author: Author, text: str, value: Any, random_: random.Random) -> None:
    step, other = random_.sample([*value["steps"]], 2)
    before = random_.random() < 0.5
    edit = MoveStep(step, before=other) if before else MoveStep(step, after=other)
    new = apply(text, edit)
    order = [name for name in value["steps"] if name != step]
    order.insert(order.index(other) + (not before), step)
    after = load(new).value
    assert [*after["steps"]] == order
    assert after == value
    assert sorted(new.replace("|-", "|").split()) == sorted(text.replace("|-", "|").split())


def check_needs(author: Author, text: str, value: Any, random_: random.Random) -> None:
    step, need = random_.sample([*value["steps"]], 2)
    wanted = copy.deepcopy(value)
    mine = find(wanted, step)
    path = ("steps", step, "needs")
    if need in needs_of(mine.get("needs")):
        edit: Edit = RemoveNeed(step, need)
        back: Edit = AddNeed(step, need)
        drop_need(mine, need)
    else:
        edit, back = AddNeed(step, need), RemoveNeed(step, need)
        known = mine.get("needs")
        mine["needs"] = [*(known if isinstance(known, list) else [known]), need] if known else need
        if known == []:
            mine["needs"] = [need]
    new = apply(text, edit)
    after = load(new).value
    assert after == wanted
    if "needs" in find(value, step) and "{" not in text.split(step + ":")[1].partition("\n")[0]:
        assert untouched_outside(text, new, entry_span(text, path))
    assert sorted(needs_of(find(load(apply(new, back)).value, step).get("needs"))) == sorted(
        needs_of(find(value, step).get("needs"))
    )


CHECKS = [check_rename, check_remove, check_add, check_move, check_needs]


@pytest.mark.parametrize("chunk", range(5))
def test_random_edits_of_steps_and_needs_change_what_they_mean_and_nothing_else(chunk: int, count: Count) -> None:
    random_ = random.Random(chunk)
    for number in range(EDITS_PER_CHUNK):
        author = Author(chunk * EDITS_PER_CHUNK + number)
        text = author.text()
        check = random_.choice(CHECKS)
        try:
            check(author, text, load(text).value, random_)
        except Exception as error:
            raise AssertionError(f"{check.__name__} with seed {author.seed}: {error}\n{text}") from error
    count("random edits of steps and needs, in files of many styles", EDITS_PER_CHUNK)
