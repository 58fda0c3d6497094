"""Lists of commands: where words, commands, branches of `case` and here-documents begin and end."""

from __future__ import annotations

from typing import NamedTuple

from ansflow.core.expressions import Expression
from ansflow.core.shell.quotes import Quotes, Refused
from ansflow.core.shell.rules import (
    JOIN,
    KEYWORDS,
    REDIRECTED,
    VALUE,
    in_subscript,
    is_test,
    reads_program,
    why_unsafe,
)

READS_IT = "the command reads it as a part of its program"


class Heredoc(NamedTuple):
    delimiter: str
    quoted: bool
    stripped: bool  # `<<-`: without the tabs that lines begin with


class Frame:
    """One list of commands being read: the words of the current one, and what is open around it."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.word: str | None = None
        self.open: list[str] = []  # "(", "array", and for a `case`: "patterns" or "body"
        self.outer: list[tuple[list[str], str]] = []  # the words before each open array, and its own so far
        self.heredocs: list[Heredoc] = []
        self.redirects = ""  # the operator whose word is read now
        self.fed = False  # a value comes through a pipe or a here-string
        self.program = False  # a command of this line reads a program from its input

    @property
    def inside(self) -> str:
        return self.open[-1] if self.open else ""

    @property
    def in_test(self) -> bool:
        return "]]" not in self.words and is_test(self.words)

    def add(self, text: str) -> None:
        self.word = (self.word or "") + text

    def end_word(self) -> None:
        word, self.word = self.word, None
        if word is None:
            return
        if self.redirects:
            if VALUE in word and self.redirects in (">&", "<&"):
                raise Refused("bash expands what follows >& twice; write `> file 2>&1`")
            self.redirects = ""
            self.fed = self.fed or VALUE in word
        elif self.inside == "patterns":
            if word == "esac":
                self.open.pop()
        elif word == "esac" and not self.words and self.inside == "body":
            self.open.pop()
        else:
            self.words.append(word)
            if word == "in" and self._is_case():
                self.words = []
                self.open.append("patterns")

    def end_command(self, *, piped: bool = False) -> None:
        self.end_word()
        words, self.words = self.words, []
        if self.inside == "array":
            self.words = words
            return
        if unsafe := why_unsafe(words):
            raise Refused(unsafe)
        self.program = self.program or reads_program(words)
        if self.fed and self.program:
            raise Refused(READS_IT)
        self.fed = piped and (self.fed or any(VALUE in word for word in words))

    def open_array(self) -> None:
        self.open.append("array")
        self.outer.append((self.words, self.word or ""))
        self.words, self.word = [], None

    def close_array(self) -> None:
        self.end_word()
        if in_subscript(self.words):
            raise Refused("the shell evaluates the index of an array")
        holds = any(VALUE in word for word in self.words)
        self.words, self.word = self.outer.pop()
        self.open.pop()
        self.add(VALUE if holds else "()")

    def _is_case(self) -> bool:
        words = list(self.words)
        while words and words[0] in KEYWORDS:
            words.pop(0)
        return len(words) == 3 and words[0] == "case"


class Commands(Quotes):
    def commands(self, end: str) -> bool:
        self.nested()
        start, frame = self.at, Frame()
        while self.peek() != "" and not self.at_end(end, frame):
            self.step(frame)
        frame.end_command()
        if self.peek() != end or frame.open or frame.heredocs:
            raise Refused("the text before it is never closed, or not where every shell closes it")
        holds = any(isinstance(item, Expression) for item in self.items[start : self.at])
        self.take(len(end))
        self.depth -= 1
        return holds

    def at_end(self, end: str, frame: Frame) -> bool:
        if self.peek() != end:
            return False
        frame.end_word()
        return not frame.open and not frame.in_test

    def step(self, frame: Frame) -> None:
        item = self.peek()
        if isinstance(item, Expression):
            frame.add(self.put(item, '"', '"'))
        elif item in " \t":
            frame.end_word()
            self.take()
        elif item == "\n":
            self.newline(frame)
        elif item == "#" and frame.word is None:
            self.comment()
        elif item in "\\'\"`$":
            text = self.quoting(item)
            if text or item != "\\":  # a backslash at the end of a line begins no word
                frame.add(text)
        elif item in "();&|<>":
            self.operator(item, frame)
        else:
            frame.add(self.take())

    def newline(self, frame: Frame) -> None:
        if frame.in_test:
            self.join(frame)
        else:
            frame.end_command()
        heredocs, frame.heredocs = frame.heredocs, []
        if self.pending != len(heredocs):
            raise Refused("a here-document begins within parentheses")
        self.pending = 0
        self.take()
        for heredoc in heredocs:
            self.heredoc(heredoc, program=frame.program)
        frame.program = False

    def comment(self) -> None:
        """An expression in a comment stays text, without the `$` that would make it one again."""
        while (item := self.peek()) not in ("", "\n"):
            if isinstance(item, Expression):
                self.out.append("{{ " + " ".join(item.text.split()) + " }}")
                self.at += 1
            else:
                self.take()

    # ── operators ────────────────────────────────────────────────────────────────────────────────────────────────

    def operator(self, sign: str, frame: Frame) -> None:
        if frame.word == "]]":
            frame.end_word()
        if frame.in_test:
            self.join(frame)
            self.take()
        elif sign in "<>":
            self.redirection(frame)
        elif sign == "(":
            self.open_parenthesis(frame)
        elif sign == ")":
            self.close_parenthesis(frame)
        else:
            self.separator(sign, frame)

    def join(self, frame: Frame) -> None:
        """An operator or a new line within `[[ … ]]`."""
        frame.end_word()
        if frame.in_test and not self.bash:
            frame.words.append(JOIN)

    def separator(self, sign: str, frame: Frame) -> None:
        is_pipe = sign == "|" and self.peek(1) != "|"
        frame.end_command(piped=is_pipe)
        if sign == ";" and self.peek(1) in (";", "&") and frame.inside == "body":
            self.take(3 if self.looking_at(";;&") else 2)
            frame.open[-1] = "patterns"
        else:
            self.take(2 if self.looking_at("||") or self.looking_at("|&") else 1)

    def open_parenthesis(self, frame: Frame) -> None:
        if frame.inside == "patterns":
            self.take()  # `case x in (a)`: it opens nothing
            return
        if frame.word is None and self.looking_at("((") and self.arithmetic(2):
            frame.add("((")
            return
        if frame.word is not None and frame.word.endswith("="):
            frame.open_array()
        elif frame.word is not None and frame.word[-1:] in tuple("@?*+!"):
            raise Refused("patterns such as @(a|b) are read differently by sh and bash")
        else:
            frame.end_command()
            frame.open.append("(")
        self.take()

    def close_parenthesis(self, frame: Frame) -> None:
        if frame.inside == "patterns":
            frame.end_word()
            if frame.inside != "patterns":
                raise Refused("`esac` stands where a pattern should")
            frame.open[-1] = "body"
        elif frame.inside == "array":
            frame.close_array()
        elif frame.inside == "(":
            frame.end_command()
            frame.open.pop()
        else:
            raise Refused("a parenthesis is closed that was never opened")
        self.take()

    # ── redirections and here-documents ──────────────────────────────────────────────────────────────────────────

    def redirection(self, frame: Frame) -> None:
        if frame.word is not None and frame.word.isdigit():
            frame.word = None  # the number of a file descriptor
        if self.peek(1) == "(":  # <(commands), >(commands)
            self.take(2)
            frame.add(VALUE if self.commands(")") else "$")
            return
        frame.end_word()
        frame.words = frame.words or [REDIRECTED]
        if self.looking_at("<<") and not self.looking_at("<<<"):
            self.begin_heredoc(frame)
            return
        operator = next(known for known in ("<<<", "<&", "<>", "<", ">>", ">&", ">|", ">") if self.looking_at(known))
        self.take(len(operator))
        frame.redirects = operator

    def begin_heredoc(self, frame: Frame) -> None:
        self.take(2)
        stripped = self.peek() == "-"
        self.take(int(stripped))
        while self.peek() in (" ", "\t"):
            self.take()
        delimiter, quoted = "", False
        while (item := self.peek()) not in ("", *" \t\n;&|<>()"):
            if isinstance(item, Expression) or item in "$`":
                raise Refused("the word that ends a here-document must be plain")
            quoted = quoted or item in "'\"\\"
            delimiter += self.plain_quote(item) if item in "'\"" else self.take(2 if item == "\\" else 1)[-1]
        frame.heredocs.append(Heredoc(delimiter, quoted, stripped))
        self.pending += 1

    def plain_quote(self, sign: str) -> str:
        self.take()
        text = ""
        while self.peek() != sign:
            text += self.take()
        self.take()
        if "\\" in text:
            raise Refused("the word that ends a here-document must be plain")
        return text

    def heredoc(self, heredoc: Heredoc, *, program: bool) -> None:
        end = self.end_of_heredoc(heredoc)
        expressions = [at for at in range(self.at, end) if isinstance(self.items[at], Expression)]
        if expressions and (heredoc.quoted or program):
            self.at = expressions[0]
            quoted = f"the here-document is quoted ({heredoc.delimiter!r}), so that nothing is replaced in it"
            raise Refused(quoted if heredoc.quoted else READS_IT)
        if heredoc.quoted:
            self.take(end - self.at)
        else:
            self.part(end, "heredoc")
        while self.peek() not in ("", "\n"):
            self.take()
        self.take(1 if self.peek() else 0)

    def end_of_heredoc(self, heredoc: Heredoc) -> int:
        """Where the line begins that ends it."""
        at, before = self.at, ""
        while at < len(self.items):
            end = at
            while end < len(self.items) and self.items[end] != "\n":
                end += 1
            line = "".join(item if isinstance(item, str) else VALUE for item in self.items[at:end])
            if (line.lstrip("\t") if heredoc.stripped else line) == heredoc.delimiter:
                if before.endswith("\\") and not heredoc.quoted:
                    raise Refused("a backslash stands before the end of a here-document")
                return at
            at, before = end + 1, line
        raise Refused(f"the here-document that {heredoc.delimiter!r} should end is never ended")
