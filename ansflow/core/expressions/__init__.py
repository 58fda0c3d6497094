"""The language of `${{ … }}` and of `if:`: typed, explained, and without side effects.

    ${{ inputs.dry_run ? 'no' : steps.build.outputs.version }}

There is no attribute access on Python objects and no call but the functions of one table, so an expression can read
only the values that it was given. Its cost is bounded: text, nodes, depth and results have limits, and `matches` runs
in linear time. What GitHub users know works (`&&`, `||`, `startsWith`, `fromJSON`, …) with three differences that
spare them traps: comparing values of different types is an error when it can be seen before the run and false
otherwise, text is compared with regard to case, and a condition must be true or false instead of "a text that is not
empty".
"""

from ansflow.core.expressions.checking import Scope, check
from ansflow.core.expressions.evaluation import Evaluation, evaluate, render
from ansflow.core.expressions.functions import FUNCTIONS, STATUS_FUNCTIONS
from ansflow.core.expressions.parsing import parse, split
from ansflow.core.expressions.tree import Expression, ExpressionError
from ansflow.core.expressions.values import ANY, BOOLEAN, LIST, MAP, NULL, NUMBER, TEXT, Type, as_text, map_of, type_of

__all__ = [
    "ANY",
    "BOOLEAN",
    "FUNCTIONS",
    "LIST",
    "MAP",
    "NULL",
    "NUMBER",
    "STATUS_FUNCTIONS",
    "TEXT",
    "Evaluation",
    "Expression",
    "ExpressionError",
    "Scope",
    "Type",
    "as_text",
    "check",
    "evaluate",
    "map_of",
    "parse",
    "render",
    "split",
    "type_of",
]
