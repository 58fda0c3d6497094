"""The inside of words: quotes, substitutions, expansions. Every method starts at its construct's first character, and
ends behind its last; it gives the text that it read, with VALUE where an expression stood."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence

from ansflow.core.expressions import Expression
from ansflow.core.shell.rules import QUOTED_BRACKET, VALUE, WRITTEN

PREFIX = "ANSFLOW_VALUE_"
WORD_OPERATOR = re.compile(r":?[-=+?]")
PARAMETER = re.compile(r"[!#]?(?:[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[-@*#?$!])")
SPECIAL = "$!?#@*-0123456789"
BASH_ONLY = "only bash knows $'…'; write `shell: bash`"
DISAGREE = "quotes within a quoted ${…} are read differently by sh and bash"

Items = Sequence[str | Expression]


def is_written(expression: Expression) -> bool:
    """Whether all its values stand in the file itself, as those of a matrix do: they may hold no expression."""
    return bool(expression.references) and {path[0] for path in expression.references} == {"matrix"}


class Refused(Exception):
    """Carries the clause that says why."""


class Quotes(ABC):
    """Walks over a script once, and writes it anew with variables in the place of expressions."""

    def __init__(self, items: Items, *, bash: bool) -> None:
        self.items = items
        self.bash = bash
        self.at = 0
        self.out: list[str] = []
        self.names: dict[str, str] = {}  # expression → variable
        self.pending = 0  # here-documents that begin with the next line
        self.depth = 0

    @abstractmethod
    def commands(self, end: str) -> bool:
        """Reads commands up to and with `end`; true when they hold an expression."""

    # ── the walk ─────────────────────────────────────────────────────────────────────────────────────────────────

    def peek(self, ahead: int = 0) -> str | Expression:
        at = self.at + ahead
        return self.items[at] if at < len(self.items) else ""

    def looking_at(self, text: str) -> bool:
        return all(self.peek(ahead) == sign for ahead, sign in enumerate(text))

    def ahead(self, length: int) -> str:
        return "".join(item if isinstance(item, str) else VALUE for item in self.items[self.at : self.at + length])

    def take(self, count: int = 1) -> str:
        """Copies characters to the script that comes out."""
        text = self.ahead(count)
        if VALUE in text or len(text) < count:
            raise Refused("the shell would not see a value there")
        if self.pending and "\n" in text and text != "\\\n":
            raise Refused("a here-document begins in the middle of a word")
        self.at += count
        self.out.append(text)
        return text

    def put(self, expression: Expression, before: str = "", after: str = "") -> str:
        """Writes the variable of an expression in its place."""
        name = self.names.setdefault(expression.text, f"{PREFIX}{len(self.names) + 1}")
        self.out.append(f"{before}${{{name}}}{after}")
        self.at += 1
        return WRITTEN if is_written(expression) else VALUE

    def escape(self) -> str:
        if isinstance(self.peek(1), Expression):
            raise Refused("a backslash stands before it")
        return self.take(2 if self.peek(1) else 1)

    def nested(self) -> None:
        self.depth += 1
        if self.depth > 30:
            raise Refused("the script is nested too deeply")

    # ── quotes ───────────────────────────────────────────────────────────────────────────────────────────────────

    def quoting(self, sign: str) -> str:
        """Whatever begins with a backslash, a quote, a backtick or a `$` outside of quotes."""
        match sign:
            case "\\":
                text = self.escape()
                return "" if text == "\\\n" else text[1:].replace("[", QUOTED_BRACKET)
            case "'":
                return self.single()
            case '"':
                self.take()
                return self.double('"')
            case "`":
                return self.backticks()
        return self.dollar(quoted=False)

    def single(self) -> str:
        self.take()
        word = []
        while (item := self.peek()) != "'":
            if item == "":
                raise Refused("a single quote is never closed")
            word.append(self.put(item, "'\"", "\"'") if isinstance(item, Expression) else self.take())
        self.take()
        return "".join(word).replace("[", QUOTED_BRACKET)

    def double(self, end: str, *, heredoc: bool = False) -> str:
        """Up to and with `end`: the closing quote, or "" for the body of a here-document, where quotes are text."""
        word = []
        while (item := self.peek()) != end:
            if item == "":
                raise Refused("a double quote is never closed")
            if isinstance(item, Expression):
                word.append(self.put(item))
            elif item == "\\":
                word.append(self.escape()[1:])
            elif item == "$":
                word.append(self.dollar(quoted=True, heredoc=heredoc))
            elif item == "`":
                word.append(self.backticks())
            else:
                word.append(self.take())
        if end:
            self.take()
        return "".join(word).replace("[", QUOTED_BRACKET)

    def ansi(self) -> str:
        """`$'…'`, which sh does not know: there it ends elsewhere when a quote is escaped in it."""
        self.take(2)
        word = []
        while (item := self.peek()) != "'":
            if item == "":
                raise Refused("a quote is never closed")
            if not self.bash and (isinstance(item, Expression) or self.looking_at("\\'")):
                raise Refused(BASH_ONLY)
            if isinstance(item, Expression):
                word.append(self.put(item, "'\"", "\"$'"))
            else:
                word.append(self.escape() if item == "\\" else self.take())
        self.take()
        return "".join(word).replace("[", QUOTED_BRACKET)

    # ── substitutions ────────────────────────────────────────────────────────────────────────────────────────────

    def dollar(self, *, quoted: bool, heredoc: bool = False) -> str:
        after = self.peek(1)
        if isinstance(after, Expression):
            raise Refused("a $ stands before it")
        if self.looking_at("$((") and self.arithmetic(3):
            return "$"
        if after == "(":
            self.take(2)
            return VALUE if self.commands(")") else "$"
        if after == "{":
            return self.parameter(quoted=quoted, heredoc=heredoc)
        if after == "[":
            raise Refused("bash evaluates $[…], and sh does not; write $((…))")
        if after == "'" and not quoted:
            return self.ansi()
        return self.take(2 if after and after in SPECIAL else 1)

    def arithmetic(self, opening: int) -> bool:
        """Copies `$((…))` or `((…))`. False, and nothing copied, when it is a list of commands in parentheses."""
        depth = 0
        for end in range(self.at + opening, len(self.items)):
            item = self.items[end]
            if isinstance(item, Expression):
                raise Refused("arithmetic would evaluate it, and can run commands")
            if item in "'\"`\\":
                raise Refused("quotes in arithmetic are read differently by sh and bash")
            depth += {"(": 1, ")": -1}.get(item, 0)
            if depth < 0:
                if self.items[end + 1 : end + 2] != [")"]:
                    return False
                self.take(end + 2 - self.at)
                return True
        raise Refused("arithmetic is never closed")

    def backticks(self) -> str:
        end = self.at + 1
        while end < len(self.items) and self.items[end] != "`":
            end += 2 if self.items[end] == "\\" else 1
        if end >= len(self.items):
            raise Refused("a backtick is never closed")
        self.take()
        body = self.items[self.at : end]
        holds = any(isinstance(item, Expression) for item in body)
        if holds and "\\" in body:
            raise Refused("a backslash between backticks is read twice; write $(…)")
        if holds:
            self.part(end, "commands")
        else:
            self.take(end - self.at)
        self.take()
        return VALUE if holds else "$"

    def part(self, end: int, what: str) -> None:
        """Reads a part whose end is known as a text of its own: commands, or the body of a here-document."""
        part = type(self)(self.items[self.at : end], bash=self.bash)
        part.out, part.names, part.pending, part.depth = self.out, self.names, self.pending, self.depth
        try:
            if what == "commands":
                part.commands("")
            else:
                part.double("", heredoc=True)
        finally:
            self.at += part.at

    def parameter(self, *, quoted: bool, heredoc: bool) -> str:
        """`${…}`, which may hold an expression only as a word: `${NAME:-${{ … }}}`."""
        self.nested()
        start = self.at
        self.take(2)
        ahead = self.ahead(200)
        name = PARAMETER.match(ahead)
        if name is None:
            raise Refused("the shell would not see a value there")
        self.take(name.end())
        operator = WORD_OPERATOR.match(ahead, name.end())
        self.take(operator.end() - operator.start() if operator else 0)
        allowed = operator is not None and name[0][0] not in "!#"
        while (item := self.peek()) != "}":
            if isinstance(item, Expression) and not allowed:
                raise Refused("${…} would take it as a pattern, an index or a number")
            self.parameter_word(item, quoted=quoted, heredoc=heredoc)
        self.take()
        self.depth -= 1
        return VALUE if any(isinstance(item, Expression) for item in self.items[start : self.at]) else "$"

    def parameter_word(self, item: str | Expression, *, quoted: bool, heredoc: bool) -> None:
        if item == "":
            raise Refused("${ is never closed")
        if isinstance(item, Expression):
            self.put(item, *(("", "") if quoted else ('"', '"')))
        elif quoted and item in "'\"":
            self.quote_in_parameter(item, heredoc=heredoc)
        elif item == "$":
            self.dollar(quoted=quoted, heredoc=heredoc)
        elif item in "\\'\"`":
            self.quoting(item)
        else:
            self.take()

    def quote_in_parameter(self, sign: str, *, heredoc: bool) -> None:
        """Quotes within `"${…}"`: followed where all shells agree, and never with an expression in them."""
        if sign == "'" or heredoc:
            raise Refused(DISAGREE)
        self.take()
        if VALUE in self.double('"'):
            raise Refused(DISAGREE)
