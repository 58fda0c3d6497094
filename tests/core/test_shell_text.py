"""Values in scripts, proved with the real sh and bash: each is printed as it is, and none is executed."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ansflow.core.errors import InvalidSpec
from ansflow.core.shell_text import rewrite, without_expressions
from ansflow.core.spec import StepSpec

WITNESS = "witness"
HOSTILE = (
    'zzz";echo${IFS}"hello";#',
    f"$(touch {WITNESS})",
    f"`touch {WITNESS}`",
    f"; touch {WITNESS};",
    f"' ; touch {WITNESS} ; '",
    f'" ; touch {WITNESS} ; "',
    f"\n touch {WITNESS}\n",
    f"a\ntouch {WITNESS}\nEOF\ntouch {WITNESS}\n",
    f"| touch {WITNESS}",
    f"&& touch {WITNESS} &&",
    f"\\`touch {WITNESS}\\`",
    f"$'\\n'touch {WITNESS}",
    f"}}; touch {WITNESS}; {{",
    f"}}$(touch {WITNESS})${{x",
    f")); touch {WITNESS}; ((",
    f") touch {WITNESS} (",
    f"x[$(touch {WITNESS})]",
    f"x[$(touch {WITNESS})]=1",
    f"esac; touch {WITNESS}",
    f"]]; touch {WITNESS}",
    f"<(touch {WITNESS})",
    f"> {WITNESS}",
    f"*;touch {WITNESS}",
    "* ? [a-z] {a,b} ~ ~root",
    "-n",
    "-e \\n",
    "%s%n%d",
    "\\",
    "\\\\",
    '\\"',
    "'",
    '"',
    "''",
    "`",
    "$",
    "$$",
    "$IFS",
    "${IFS}",
    "$((1+1))",
    "$[1+1]",
    "#",
    " # not a comment",
    "!",
    "!!",
    "a\tb",
    "  two  spaces  ",
    "\n",
    "\nEOF\n",
    "\n\n",
    "\r\n",
    "\x01\x02\x7f",
    "\x1b[31m",
    "日本語 名前",
    "\u202eevil",
    "é\u0301😀",
    "=",
    "a=b",
    "${{ x }}",
    "%0a",
    "&lt;&amp;",
    "ANSFLOW_VALUE_1",
    "${ANSFLOW_VALUE_2}",
    "",
)


def payloads(count: int) -> list[str]:
    """The list above, and mixtures of its members, the same at every run."""
    chosen = random.Random(20240601)
    mixed = list(dict.fromkeys(HOSTILE))
    while len(mixed) < count:
        mixed.append("".join(chosen.sample(HOSTILE, chosen.randint(2, 4))))
    return mixed


PAYLOADS = payloads(512)

EVERY: dict[str, tuple[str, Callable[[str], str]]] = {
    "plain": ("printf '%s\\0' @", lambda v: v),
    "in the middle of a word": ("printf '%s\\0' pre@post", lambda v: f"pre{v}post"),
    "twice in a word": ("printf '%s\\0' @@", lambda v: v + v),
    "in double quotes": ("printf '%s\\0' \"a @ b\"", lambda v: f"a {v} b"),
    "in single quotes": ("printf '%s\\0' 'a @ \"b\\'", lambda v: f'a {v} "b\\'),
    "in mixed quotes": ("printf '%s\\0' a'b@c'\"d@e\"f@g", lambda v: f"ab{v}cd{v}ef{v}g"),
    "after an escape": ("printf '%s\\0' \\\"\\'\\\\@", lambda v: f"\"'\\{v}"),
    "after a dollar that stands for itself": ("printf '%s\\0' '$'@", lambda v: f"${v}"),
    "on a continued line": ("printf '%s\\0' \\\n  @", lambda v: v),
    "in an assignment": ("x=@; printf '%s\\0' \"$x\"", lambda v: v),
    "in an exported assignment": ("export x=@; printf '%s\\0' \"$x\"", lambda v: v),
    "in the environment of a command": ('x=@ sh -c \'printf "%s\\0" "$x"\'', lambda v: v),
    "as an argument of another shell": ('sh -c \'printf "%s\\0" "$1"\' _ @', lambda v: v),
    "in a command substitution": ("printf '%s\\0' \"$(printf '%s.' @)\"", lambda v: f"{v}."),
    "quoted in a command substitution": ("printf '%s\\0' \"$(printf '%s.' \"@\")\"", lambda v: f"{v}."),
    "in single quotes in a command substitution": ("printf '%s\\0' \"$(printf '%s.' '@')\"", lambda v: f"{v}."),
    "two substitutions deep": ("printf '%s\\0' \"$(printf '%s.' \"$(printf '%s.' @)\")\"", lambda v: f"{v}.."),
    "after a case in a substitution": (
        "printf '%s\\0' \"$(case x in (y) ;; x) printf '%s.' @ ;; esac)\"",
        lambda v: f"{v}.",
    ),
    "after a comment in a substitution": ("printf '%s\\0' \"$(# it's )\nprintf '%s.' @)\"", lambda v: f"{v}."),
    "between backticks": ("x=`printf '%s.' @`; printf '%s\\0' \"$x\"", lambda v: f"{v}."),
    "between backticks in double quotes": ("printf '%s\\0' \"`printf '%s.' @`\"", lambda v: f"{v}."),
    "as a default": ("printf '%s\\0' ${nope:-@}", lambda v: v),
    "as a quoted default": ("printf '%s\\0' \"${nope:-a @}\"", lambda v: f"a {v}"),
    "as a default in quotes in a default": ("printf '%s\\0' ${nope-\"@\"}", lambda v: v),
    "as an alternative": ("y=1; printf '%s\\0' \"${y:+@}\"", lambda v: v),
    "as a default that is assigned": ('unset z; : "${z:=@}"; printf \'%s\\0\' "$z"', lambda v: v),
    "after a default with quotes": ('printf \'%s\\0\' "${nope:-"a b"}"@', lambda v: f"a b{v}"),
    "after arithmetic": ("printf '%s\\0' $((1 + (2 << 1)))@", lambda v: f"5{v}"),
    "in a here-document": ("cat <<EOF\na @ 'b' \"c\"\nEOF\nprintf '\\0'", lambda v: f"a {v} 'b' \"c\"\n"),
    "in a here-document without tabs": ("cat <<-EOF\n\t@\n\tEOF\nprintf '\\0'", lambda v: f"{v}\n"),
    "in a substitution in a here-document": ("cat <<EOF\n$(printf '%s.' @)\nEOF\nprintf '\\0'", lambda v: f"{v}.\n"),
    "as a default in a here-document": ("cat <<EOF\n${nope:-@}\nEOF\nprintf '\\0'", lambda v: f"{v}\n"),
    "after a quoted here-document": ("cat <<'E' >/dev/null\n\"'$(\nE\nprintf '%s\\0' @", lambda v: v),
    "on the line of a here-document": ("cat <<E >/dev/null; printf '%s\\0' @\n'\nE", lambda v: v),
    "as a pattern": ("case @ in never) ;; @) printf '%s\\0' @ ;; *) printf 'no\\0' ;; esac", lambda v: v),
    "as an operand of a test": ("if [ x@ = x@ ]; then printf '%s\\0' @; fi", lambda v: v),
    "in a list of words": ("for i in @; do printf '%s\\0' \"$i\"; done", lambda v: v),
    "as an argument of a function": ("f() { printf '%s\\0' \"$1\"; }\nf @", lambda v: v),
    "in a subshell": ("(printf '%s\\0' @)", lambda v: v),
    "in a group": ("{ printf '%s\\0' @; }", lambda v: v),
    "in a pipe": ("printf '%s' @ | cat; printf '\\0'", lambda v: v),
    "after a comment": ("# it's a comment with @ and \"\nprintf '%s\\0' @", lambda v: v),
    "after a sign that begins no comment": ("printf '%s\\0' a#@'#'", lambda v: f"a#{v}#"),
    "as an argument of awk": ("awk 'BEGIN { printf \"%s.\", ENVIRON[\"x\"] }' x=@; printf '\\0'", lambda v: "."),
}
BASH: dict[str, tuple[str, Callable[[str], str]]] = {
    "in an ANSI quote": ("printf '%s\\0' $'a\\t\\'@b'", lambda v: f"a\t'{v}b"),
    "in a here-string": ("cat <<< @; printf '\\0'", lambda v: f"{v}\n"),
    "in an array": ('a=(x @ "y@"); printf \'%s\\0\' "${a[1]}${a[2]}"', lambda v: f"{v}y{v}"),
    "in a conditional": ("[[ @ == @ && -n x@ ]] && printf '%s\\0' @", lambda v: v),
    "as a regular expression": ("[[ x@ =~ ^x@$ || x = y ]] && printf '%s\\0' @", lambda v: v),
    "in a process substitution": ("cat <(printf '%s' @); printf '\\0'", lambda v: v),
    "after an arithmetic command": ("((1 < 2)); printf '%s\\0' @", lambda v: v),
    "in a declaration": ("declare x=@; printf '%s\\0' \"$x\"", lambda v: v),
}
CASES = [(shell, name) for name in EVERY for shell in ("sh", "bash")] + [("bash", name) for name in BASH]


def run(shell: str, script: str, values: dict[str, str], folder: Path) -> bytes:
    env = {"PATH": os.environ["PATH"], **values}
    done = subprocess.run([shell, "-c", script], env=env, cwd=folder, capture_output=True, check=False, timeout=60)
    return done.stdout


def environment(variables: dict[str, str], values: dict[str, str]) -> dict[str, str]:
    return {name: values[expression] for name, expression in variables.items()}


@pytest.mark.parametrize(("shell", "name"), CASES)
def test_a_value_is_printed_as_it_is_and_never_executed(
    shell: str, name: str, tmp_path: Path, count: Callable[[str, int], None]
) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    template, expected = {**EVERY, **BASH}[name]
    values = {f"inputs.p{at}": payload for at, payload in enumerate(PAYLOADS)}
    script = "\n".join(template.replace("@", f"${{{{ {expression} }}}}") for expression in values)
    rewritten, variables = rewrite(script, shell)
    assert "${{" not in rewritten
    printed = run(shell, rewritten, environment(variables, values), tmp_path).decode("utf-8").split("\0")[:-1]
    assert printed == [expected(payload) for payload in PAYLOADS]
    assert list(tmp_path.iterdir()) == []
    count("hostile values in scripts", len(PAYLOADS))


REFUSED = (
    ("eval echo @", "", "eval executes its words"),
    ('sudo eval "echo $(cat @)"', "", "eval executes its words"),
    ("@ --version", "", "it would be the command itself"),
    ("if @; then true; fi", "", "it would be the command itself"),
    ("sudo @ x", "", "it would be the command itself"),
    ("x=1 @", "", "it would be the command itself"),
    ("true && @", "", "it would be the command itself"),
    ("$(echo @)", "", "it would be the command itself"),
    ("echo $((@ + 1))", "", "arithmetic would evaluate it"),
    ("((@ > 1))", "bash", "arithmetic would evaluate it"),
    ("for ((i = 0; i < @; i++)); do :; done", "bash", "arithmetic would evaluate it"),
    ("echo $[@]", "bash", "bash evaluates $[…]"),
    ("let x=@", "bash", "let evaluates its words"),
    ("[[ @ -eq 1 ]]", "bash", "[[ evaluates what it compares as numbers"),
    ("[[ -v @ ]]", "bash", "[[ evaluates what it compares as numbers"),
    ("[[ -n x && @ ]]", "", "write `shell: bash`"),
    ("[[ -n x && trap @ EXIT ]]", "sh", "write `shell: bash`"),
    ("[[ x\n@ ]]", "sh", "write `shell: bash`"),
    ("command [[ x && @ ]]", "bash", "it would be the command itself"),
    ("A=1 [[ x && @ ]]", "bash", "it would be the command itself"),
    (">f [[ x && @ ]]", "bash", "it would be the command itself"),
    (">f @", "", "it would be the command itself"),
    (">f case x in x) @ ;; esac", "bash", "never opened"),
    ("echo x >&@", "bash", "bash expands what follows >& twice"),
    ("cat <&a@", "bash", "bash expands what follows >& twice"),
    ("PS4=@; set -x", "bash", "executes what this variable holds"),
    ("declare -n r=@", "bash", "declared with -i or -n"),
    ("declare -i n; n=@", "bash", "declared with -i or -n"),
    ("test -v @", "bash", "test -v evaluates"),
    ("[ @ @ ]", "bash", "[ -v evaluates"),
    ("printf -v @ x", "bash", "printf -v evaluates"),
    ("printf @ @", "bash", "printf -v evaluates"),
    ("a[@]=1", "bash", "index of an array"),
    ("a=([@]=1)", "bash", "index of an array"),
    ("declare -i n=@", "bash", "declared with -i or -n"),
    ("declare -i n=(@)", "bash", "declared with -i or -n"),
    ("export @", "", "export evaluates the name"),
    ("unset @", "", "unset evaluates"),
    ("command -p read @", "", "read evaluates"),
    ("echo ${x#@}", "", "a pattern, an index or a number"),
    ("echo ${x:@}", "", "a pattern, an index or a number"),
    ("echo ${a[@]}", "bash", "a pattern, an index or a number"),
    ('echo "${x:-"@"}"', "", "quotes within a quoted ${…}"),
    ("echo \"${x:-'}'}\" @", "", "quotes within a quoted ${…}"),
    ("cat <<'EOF'\n@\nEOF", "", "the here-document is quoted ('EOF')"),
    ("cat <<\\EOF\n@\nEOF", "", "the here-document is quoted ('EOF')"),
    ("cat <<@\nx\nEOF", "", "must be plain"),
    ("cat <<EOF\n@", "", "is never ended"),
    ("cat <<EOF\n@\\\nEOF\nEOF", "", "a backslash stands before the end"),
    ("bash <<EOF\necho @\nEOF", "", "as a part of its program"),
    ("cat <<EOF | ssh host\necho @\nEOF", "", "as a part of its program"),
    ('bash <<< "echo @"', "bash", "as a part of its program"),
    ("echo @ | sudo sh -e", "", "as a part of its program"),
    ("bash -c 'echo @'", "", "bash would execute it"),
    ('timeout 5 sh -ec "echo @"', "", "sh would execute it"),
    ("python3 -c \"print('@')\"", "", "python3 would execute it"),
    ("node --eval=@", "", "node would execute it"),
    ("sed -i 's/X/@/' file", "", "sed would execute it"),
    ("awk -F: '{ print \"@\" }' file", "", "awk would execute it"),
    ("ssh host echo @", "", "ssh hands its words to a shell"),
    ("trap 'echo @' EXIT", "", "trap executes"),
    ("function f { trap @ EXIT; }", "bash", "trap executes"),
    ("echo $@", "", "a $ stands before it"),
    ('echo "$@"', "", "a $ stands before it"),
    ("echo \\@", "", "a backslash stands before it"),
    ("echo `echo \\`echo @\\``", "", "read twice"),
    ("echo $'@'", "sh", "write `shell: bash`"),
    ("echo $'\\'' @", "", "write `shell: bash`"),
    ("echo 'never closed @", "", "never closed"),
    ('echo "never closed @', "", "never closed"),
    ("echo $(never closed @", "", "never closed"),
    ("echo @)", "", "never opened"),
    ("print('@')", "python", "in a script of python"),
    ("Write-Host @", "pwsh", "in a script of pwsh"),
    ("echo @", "/usr/bin/env node", "in a script of env"),
)


@pytest.mark.parametrize(("script", "shell", "says"), REFUSED)
def test_a_place_where_a_value_could_be_executed_is_refused_with_a_way_out(script: str, shell: str, says: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        rewrite(script.replace("@", "${{ inputs.x }}"), shell)
    [problem] = caught.value.problems
    assert says in problem.message
    assert "${{ inputs.x }}" in problem.message
    assert "env" in problem.hint
    assert problem.path == ("run",)


@pytest.mark.parametrize(
    "script",
    [
        "echo ${{ a }} ${{ a }}",
        "make CC=${{ matrix.cc }} && ./out --port=${{ inputs.port }} > ${{ inputs.file }} 2>&1",
        "docker build -t app:${{ git.commit }} . && docker push app:${{ git.commit }}",
        ". venv-${{ matrix.python }}/bin/activate",
        "find . -name ${{ a }} -exec sh -c 'echo \"$1\"' _ {} \\;",
        "bash -s ${{ a }} < script.sh",
        "printf '%s %s' ${{ a }} ${{ a }}",
        "> out.txt echo ${{ a }}",
        "sed -n -e 's/a/b/' ${{ a }}",
        'if [ "${{ a }}" = "true" ] || [ -z ${{ a }} ]; then echo yes; fi',
        'while read -r line; do echo "$line" ${{ a }}; done < file',
        "case $x in a|b) echo ${{ a }};; *) ;; esac",
        "if true; then case $x in (a) echo ${{ a }} ;; esac; fi",
        "f() (cd ${{ a }} && ls)",
        "echo list[${{ a }}",
        'echo "list[${{ a }}]"',
        "python${{ matrix.python }} -m pytest ${{ a }}",
        "timeout 5 ${{ matrix.compiler }} -O2 main.c",
    ],
)
def test_ordinary_scripts_are_taken(script: str) -> None:
    rewritten, variables = rewrite(script, "")
    assert "${{" not in rewritten
    assert next(iter(variables)) == "ANSFLOW_VALUE_1"


@pytest.mark.parametrize(
    "script",
    [
        'python${{ matrix.python }} -c "${{ inputs.x }}"',
        '${{ matrix.shell }} -c "${{ inputs.x }}"',
        'timeout 5 ${{ matrix.shell }} -x -c "${{ inputs.x }}"',
        "echo ${{ inputs.x }} | bash${{ matrix.version }}",
        "${{ inputs.x }}${{ matrix.python }} -V",
        "${{ matrix[inputs.x] }} -V",
    ],
)
def test_a_program_named_by_a_matrix_executes_no_value_from_outside(script: str) -> None:
    with pytest.raises(InvalidSpec):
        rewrite(script, "bash")


def test_the_same_expression_is_one_variable_and_a_script_without_any_is_left_alone() -> None:
    assert rewrite("echo ${{ a }} ${{ b }} ${{ a }}", "sh") == (
        'echo "${ANSFLOW_VALUE_1}" "${ANSFLOW_VALUE_2}" "${ANSFLOW_VALUE_1}"',
        {"ANSFLOW_VALUE_1": "a", "ANSFLOW_VALUE_2": "b"},
    )
    assert rewrite("print('$(x')", "python") == ("print('$(x')", {})


def test_an_expression_in_a_comment_can_no_longer_become_one() -> None:
    assert rewrite("true # ${{ git.branch\n }} it's", "") == ("true # {{ git.branch }} it's", {})


def test_the_sentence_names_the_line() -> None:
    with pytest.raises(InvalidSpec, match=r"\$\{\{ b \}\} cannot stand in this script \(line 3\): eval"):
        rewrite("echo ${{ a }}\ntrue\neval ${{ b }}\n", "")


FRAGMENTS = (
    *("printf '<%s>'", "true", "x=1", "a", "b c", " ", " ", "\n", ";", "|", "&&", "#", "'", '"', "`", "\\", "$", "$("),
    *(")", "(", "${x:-", "${x#", "${x}", "}", "$((1+", "))", "<<E\n", "<<'E'\n", "\nE\n", "case x in x)", ";;", "esac"),
    *("[[ a ==", "]]", "$'", "{ ", "; }", "if true; then", "fi", "=(", "$$", "! ", "<(", "> /dev/null", ">&2", "<&"),
    *("\\\n", "${x:-'a'}", "$#", "-eq 1", "&", "||", ";;&", "function f {", "+=", "a[", "]", "<<<", "2>", "{a,", "@("),
)


def scripts(count: int) -> Iterator[str]:
    """Random heaps of shell syntax around one or two expressions; nearly all of them are refused."""
    chosen = random.Random(7)
    for _ in range(count):
        parts = [chosen.choice(FRAGMENTS) for _ in range(chosen.randint(1, 9))]
        for _ in range(chosen.randint(1, 2)):
            parts.insert(chosen.randint(0, len(parts)), "${{ v }}")
        yield "".join(parts)


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_random_heaps_of_shell_syntax_that_are_taken_never_execute_a_value(
    shell: str, tmp_path: Path, count: Callable[[str, int], None]
) -> None:
    attack = f"x';touch {WITNESS};'\";touch {WITNESS};\"$(touch {WITNESS})`touch {WITNESS}`\ntouch {WITNESS}\n"
    attacks = [attack, f"`touch {WITNESS}`", f"$(touch {WITNESS})", f"\nE\ntouch {WITNESS}\n", f"x[$(touch {WITNESS})]"]
    taken = []
    for script in scripts(40_000):
        try:
            rewritten, variables = rewrite(script, shell)
        except InvalidSpec:
            continue
        if variables:
            taken.append((script, rewritten))
    assert len(taken) > 500
    for at, (script, rewritten) in enumerate(taken[:600]):
        run(shell, rewritten, {"ANSFLOW_VALUE_1": attacks[at % len(attacks)]}, tmp_path)
        assert not (tmp_path / WITNESS).exists(), script
    count("random scripts taken and run", min(len(taken), 600))


def test_a_script_that_only_bash_reads_well_is_pinned_to_bash_where_no_shell_was_written() -> None:
    both = without_expressions(StepSpec(id="a", run=("[ ${{ a }} = b ]",)))
    only_bash = without_expressions(StepSpec(id="a", run=("[[ a == b && ${{ a }} == b ]]",)))
    assert (both.shell, only_bash.shell) == ("", "bash")
    with pytest.raises(InvalidSpec, match="write `shell: bash`"):
        without_expressions(StepSpec(id="a", run=("[[ a == b && ${{ a }} == b ]]",), shell="sh"))
