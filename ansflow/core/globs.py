"""The glob language of branches, tags, paths and artifacts.

    *      any characters but /            [abc]  one of them; [a-z] a range; [!abc] none of them
    **     any characters, also /          {a,b}  a or b; may hold globs
    **/    any folders, also none          \\x     the character x itself
    ?      one character but /             !glob  in a list: takes out what earlier globs took in
    dir/   everything below dir

A text must match as a whole. Globs become regular expressions whose cost is at worst quadratic in the text, whatever
the glob: after a wildcard the earliest match of what follows is always as good as a later one, so it is never given
back (`(?>…)`), and only the last `**` may move the start of the part behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from ansflow.core.spec import GlobSet

MAX_ALTERNATIVES = 256
MAX_LENGTH = 1000

_STAR, _ANY, _FOLDERS = "[^/]*?", r"[\s\S]*?", "(?:[^/]*/)*?"


class BadGlob(ValueError):
    """The message is a sentence that says what is wrong with the glob."""


def matches(glob: str, text: str) -> bool:
    """Whether one glob matches the whole text. A leading `!` turns the answer round."""
    negated = glob.startswith("!")
    return (_compiled(glob.removeprefix("!")).match(text) is not None) is not negated


def any_matches(globs: Iterable[str], text: str) -> bool:
    """Reads a list from first to last: a glob takes the text in, a `!glob` takes it out again.

    A list that begins with `!` starts from everything.
    """
    taken: bool | None = None
    for glob in globs:
        negated = glob.startswith("!")
        if taken is None:
            taken = negated
        if taken is negated and _compiled(glob.removeprefix("!")).match(text):
            taken = not negated
    return bool(taken)


def allows(globs: GlobSet, text: str) -> bool:
    """No `include` includes everything; what an `exclude` glob matches is out, whatever includes it."""
    if globs.include and not any_matches(globs.include, text):
        return False
    return not (globs.exclude and any_matches(globs.exclude, text))


def problem(glob: str) -> str:
    """What is wrong with a glob, as a sentence; "" when it is well formed."""
    try:
        _compiled(glob.removeprefix("!"))
    except BadGlob as wrong:
        return str(wrong)
    return ""


@lru_cache(maxsize=4096)
def _compiled(glob: str) -> re.Pattern[str]:
    if not glob:
        raise BadGlob("An empty glob matches nothing: leave it out.")
    if len(glob) > MAX_LENGTH:
        raise BadGlob(f"A glob of {len(glob)} characters is longer than {MAX_LENGTH}.")
    whole = glob + "**" if glob.endswith("/") else glob
    return re.compile("|".join(_regex(tokens) for tokens in _alternatives(whole)))


def _alternatives(glob: str) -> list[list[str]]:
    """Each way to choose one member from every `{…}`, as tokens."""
    done: list[list[str]] = []
    waiting = [glob]
    while waiting:
        text = waiting.pop()
        braces = _first_braces(text)
        if braces is None:
            done.append(list(_tokens(text)))
        else:
            start, end, members = braces
            waiting.extend(text[:start] + member + text[end + 1 :] for member in reversed(members))
        if len(done) + len(waiting) > MAX_ALTERNATIVES:
            raise BadGlob(f"The glob {glob!r} stands for more than {MAX_ALTERNATIVES} alternatives.")
    return done


def _first_braces(glob: str) -> tuple[int, int, list[str]] | None:
    """Where the first `{` and its `}` stand, and the members between them."""
    depth, start, members, begin = 0, -1, [], 0
    for at, sign in _signs(glob):
        if sign == "{":
            depth += 1
            if depth == 1:
                start, begin = at, at + 1
        elif sign == "," and depth == 1:
            members.append(glob[begin:at])
            begin = at + 1
        elif sign == "}" and depth:
            depth -= 1
            if depth == 0:
                return start, at, [*members, glob[begin:at]]
    if depth:
        raise BadGlob(f"The glob {glob!r} has a {{ without its }}.")
    return None


def _signs(glob: str) -> Iterator[tuple[int, str]]:
    """The braces and commas that mean something: not escaped, not within `[…]`."""
    at = 0
    while at < len(glob):
        if glob[at] == "\\":
            at += 1
        elif glob[at] == "[":
            at = _end_of_class(glob, at)
        elif glob[at] in "{,}":
            yield at, glob[at]
        at += 1


def _tokens(glob: str) -> Iterator[str]:
    """Regular expressions: the three wildcards as they stand above, everything else one character each."""
    at = 0
    while at < len(glob):
        sign = glob[at]
        if sign == "*":
            end = at + len(glob[at:]) - len(glob[at:].lstrip("*"))
            starts_folder = at == 0 or glob[at - 1] == "/"
            if end - at > 1 and starts_folder and glob[end : end + 1] == "/":
                yield _FOLDERS
                end += 1
            else:
                yield _STAR if end - at == 1 else _ANY
            at = end
        elif sign == "[":
            end = _end_of_class(glob, at)
            yield _class(glob[at + 1 : end])
            at = end + 1
        elif sign == "\\":
            if at + 1 == len(glob):
                raise BadGlob(f"The glob {glob!r} ends with a backslash that escapes nothing.")
            yield re.escape(glob[at + 1])
            at += 2
        else:
            yield "[^/]" if sign == "?" else re.escape(sign)
            at += 1


def _end_of_class(glob: str, start: int) -> int:
    first = start + 2 if glob[start + 1 : start + 2] in ("!", "^") else start + 1
    end = glob.find("]", first + 1)  # a `]` that stands first is a member
    if end < 0:
        raise BadGlob(f"The glob {glob!r} has a [ without its ].")
    return end


def _class(body: str) -> str:
    negated = body[0] in "!^"
    members = re.sub(r"([\\\[\]^&~|])", r"\\\1", body[1:] if negated else body)
    expression = f"[^/{members}]" if negated else f"(?!/)[{members}]"
    try:
        re.compile(expression)
    except re.error:
        raise BadGlob(f"[{body}] is no set of characters: a range runs from low to high.") from None
    return expression


def _regex(tokens: Sequence[str]) -> str:
    """Joins the tokens so that no wildcard but the last of each kind can be given back."""
    first, *rest = _blocks(tokens)
    parts = [_block(first, last=not rest)]
    for index, block in enumerate(rest):
        last = index == len(rest) - 1
        text = block[0] + _block(block[1:], last=last)
        parts.append(text if last else f"(?>{text})")
    return f"(?:{''.join(parts)})\\Z"


def _blocks(tokens: Sequence[str]) -> list[list[str]]:
    """Cut in front of each `**`; the first block may be empty."""
    blocks: list[list[str]] = [[]]
    for token in tokens:
        if token in (_ANY, _FOLDERS):
            blocks.append([])
        blocks[-1].append(token)
    return blocks


def _block(tokens: Sequence[str], *, last: bool) -> str:
    chunks = [[]] if not tokens else _chunks(tokens)
    texts = ["".join(chunk) for chunk in chunks]
    held = [f"(?>{_STAR}{text})" for text in texts[1:]]
    if last and held:
        held[-1] = _STAR + texts[-1]
    return texts[0] + "".join(held)


def _chunks(tokens: Sequence[str]) -> list[list[str]]:
    chunks: list[list[str]] = [[]]
    for token in tokens:
        if token == _STAR:
            chunks.append([])
        else:
            chunks[-1].append(token)
    return chunks
