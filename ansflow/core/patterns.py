"""Regular expressions that run in linear time, for patterns and texts that strangers write.

Python's `re` backtracks: `(a+)+$` over thirty letters takes minutes. This is Thompson's construction with Pike's
simulation (R. Cox, "Regular Expression Matching Can Be Simple And Fast", 2007): the cost is at most pattern × text. It
knows literals, `.`, classes, `\\d \\w \\s` and their complements, groups, `|`, `* + ? {m,n}` and the anchors `^ $`; it
has no back-references and no look-around.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from ansflow.core.errors import AnsFlowError

MAX_PATTERN = 500  # characters
MAX_STATES = 5_000

Test = Callable[[str], bool]


class BadPattern(AnsFlowError):
    code = "bad_pattern"


@dataclass(slots=True)
class _State:
    """`test` consumes one character; without it the state is passed freely, at `anchor` only where that holds."""

    test: Test | None = None
    anchor: str = ""
    then: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern: a graph of states from `start` to `end`."""

    states: tuple[_State, ...]
    start: int
    end: int

    def search(self, text: str) -> bool:
        """True where the pattern matches anywhere in the text."""
        current: set[int] = set()
        for at in range(len(text) + 1):
            self._enter(self.start, at, text, current)
            if self.end in current:
                return True
            if at == len(text):
                return False
            following: set[int] = set()
            for index in current:
                state = self.states[index]
                if state.test is not None and state.test(text[at]):
                    for target in state.then:
                        self._enter(target, at + 1, text, following)
            current = following
        return False

    def _enter(self, index: int, at: int, text: str, into: set[int]) -> None:
        """Adds a state and all that is reached from it without a character."""
        waiting = [index]
        while waiting:
            index = waiting.pop()
            if index in into:
                continue
            state = self.states[index]
            if (state.anchor == "^" and at > 0) or (state.anchor == "$" and at < len(text)):
                continue
            into.add(index)
            if state.test is None:
                waiting.extend(state.then)


@lru_cache(maxsize=256)
def compile_pattern(pattern: str) -> Pattern:
    """Raises BadPattern with a sentence."""
    if len(pattern) > MAX_PATTERN:
        raise BadPattern(f"The pattern has {len(pattern)} characters; {MAX_PATTERN} are allowed.")
    compiler = _Compiler(pattern)
    start, end = compiler.alternatives(0)
    if compiler.at < len(pattern):
        raise BadPattern(f"')' at character {compiler.at + 1} closes nothing.")
    return Pattern(tuple(compiler.states), start, end)


CLASSES: dict[str, Test] = {
    "d": str.isdigit,
    "w": lambda character: character.isalnum() or character == "_",
    "s": str.isspace,
}
ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


class _Compiler:
    """Recursive descent; every part is a fragment (first state, last state)."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.states: list[_State] = []

    def state(self, test: Test | None = None, anchor: str = "") -> int:
        if len(self.states) >= MAX_STATES:
            raise BadPattern(f"The pattern is too large: more than {MAX_STATES} states.")
        self.states.append(_State(test, anchor))
        return len(self.states) - 1

    def link(self, source: int, *targets: int) -> None:
        self.states[source].then += targets

    def peek(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def alternatives(self, depth: int) -> tuple[int, int]:
        if depth > 30:
            raise BadPattern("The pattern is nested deeper than 30 groups.")
        start, end = self.state(), self.state()
        while True:
            first, last = self.sequence(depth)
            self.link(start, first)
            self.link(last, end)
            if self.peek() != "|":
                return start, end
            self.at += 1

    def sequence(self, depth: int) -> tuple[int, int]:
        start = last = self.state()
        while self.peek() not in ("", "|", ")"):
            begin = self.at
            first, end = self.atom(depth)
            first, end = self.repeated(begin, first, end, depth)
            self.link(last, first)
            last = end
        return start, last

    def atom(self, depth: int) -> tuple[int, int]:
        character = self.peek()
        self.at += 1
        match character:
            case "(":
                return self.group(depth)
            case "^" | "$":
                return self.one(None, character)
            case ".":
                return self.one(lambda found: found != "\n")
            case "[":
                return self.one(self.bracket())
            case "\\":
                return self.one(self.escape())
            case "*" | "+" | "?" | "{":
                raise BadPattern(f"{character!r} at character {self.at} repeats nothing.")
        return self.one(lambda found: found == character)

    def one(self, test: Test | None, anchor: str = "") -> tuple[int, int]:
        first, last = self.state(test, anchor), self.state()
        self.link(first, last)
        return first, last

    def group(self, depth: int) -> tuple[int, int]:
        opened = self.at
        if self.pattern.startswith("?:", self.at):
            self.at += 2
        elif self.peek() == "?":
            raise BadPattern("Look-around, named groups and flags are not known; (?:…) and (…) are.")
        fragment = self.alternatives(depth + 1)
        if self.peek() != ")":
            raise BadPattern(f"'(' at character {opened} is never closed.")
        self.at += 1
        return fragment

    def escape(self) -> Test:
        character = self.peek()
        self.at += 1
        if not character:
            raise BadPattern("The pattern ends in a lone backslash.")
        if character.lower() in CLASSES:
            test = CLASSES[character.lower()]
            return test if character.islower() else lambda found: not test(found)
        if character.isalnum() and character not in ESCAPES:
            raise BadPattern(
                f"\\{character} is not known. Known: \\d \\w \\s \\D \\W \\S \\n \\t and escaped punctuation."
            )
        wanted = ESCAPES.get(character, character)
        return lambda found: found == wanted

    def bracket(self) -> Test:
        opened = self.at
        inverted = self.peek() == "^"
        self.at += inverted
        tests: list[Test] = []
        while self.peek() != "]" or not tests:
            tests.append(self.member(opened))
        self.at += 1
        return lambda found: any(test(found) for test in tests) is not inverted

    def member(self, opened: int) -> Test:
        low = self.peek()
        self.at += 1
        if not low:
            raise BadPattern(f"'[' at character {opened} is never closed.")
        if low == "\\":
            return self.escape()
        if self.peek() != "-" or self.pattern[self.at + 1 : self.at + 2] in ("", "]"):
            return lambda found: found == low
        high = self.pattern[self.at + 1]
        self.at += 2
        if high < low:
            raise BadPattern(f"The range {low}-{high} runs backwards.")
        return lambda found: low <= found <= high

    def repeated(self, begin: int, first: int, last: int, depth: int) -> tuple[int, int]:
        character = self.peek()
        if character == "{" and (counted := re.compile(r"\{(\d{1,3})(,?)(\d{0,3})\}").match(self.pattern, self.at)):
            end = self.at
            self.at = counted.end()
            least = int(counted[1])
            most = least if not counted[2] else int(counted[3]) if counted[3] else None
            return self.counted(self.pattern[begin:end], least, most, depth)
        if character not in ("*", "+", "?"):
            return first, last
        self.at += 1
        start, end = self.state(), self.state()
        self.link(start, first)
        self.link(last, end)
        if character != "+":
            self.link(start, end)
        if character != "?":
            self.link(last, first)
        return self.repeated_once(start, end)

    def repeated_once(self, start: int, end: int) -> tuple[int, int]:
        if self.peek() and self.peek() in "*+?":
            raise BadPattern(f"{self.peek()!r} at character {self.at + 1}: one repetition cannot be repeated.")
        return start, end

    def counted(self, source: str, least: int, most: int | None, depth: int) -> tuple[int, int]:
        if most is not None and most < least:
            raise BadPattern(f"{{{least},{most}}} runs backwards.")
        copies = source * least + (f"(?:{source})*" if most is None else "")
        inner = _Compiler(copies)
        inner.states = self.states
        start, last = inner.sequence(depth + 1)
        for _ in range((most or least) - least):
            inner = _Compiler(source)
            inner.states = self.states
            first, end = inner.sequence(depth + 1)
            skip = self.state()
            self.link(last, first, skip)
            self.link(end, skip)
            last = skip
        return self.repeated_once(start, last)
