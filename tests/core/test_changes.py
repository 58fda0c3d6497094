"""What changed between two specs is told by meaning."""

from __future__ import annotations

from ansflow.core.changes import changes
from ansflow.core.spec import PipelineSpec
from ansflow.document.reader import parse

BEFORE = """
on: {push: {branches: [main]}, manual: {}}
inputs: {a: {default: 1}}
steps:
  src: {type: fetch_code}
  unit: {needs: src, run: make test, timeout: 10m, retry: 2, matrix: {py: ['3.10']}}
  lint: {run: make lint}
  out: {needs: [unit, lint], run: make}
"""
AFTER = """
on: {push: {branches: [main, dev]}, manual: {}}
inputs: {a: {default: 2}, b: x}
env: {Y: 2}
steps:
  source: {type: fetch_code}
  unit: {needs: source, run: make test, timeout: 5m, retry: {max: 3}, matrix: {py: ['3.10']}}
  docs: {run: make docs}
finally:
  out: {needs: [{step: unit, status: finished}], run: make}
"""


def spec(text: str) -> PipelineSpec:
    found = parse(text).spec
    assert found is not None
    return found


def test_every_change_is_told_and_nothing_else():
    assert [change.sentence for change in changes(spec(BEFORE), spec(AFTER))] == [
        "The pipeline's env.Y is 2; nothing was said before.",
        "The input 'a': default was 1, and is 2.",
        "The input 'b' was added.",
        'The trigger \'push\': branches was ["main"], and is ["main", "dev"].',
        "The step 'src' is called 'source' now.",
        "The step 'lint' was removed.",
        "unit: retry.max was 2, and is 3.",
        "unit: timeout was 10m, and is 5m.",
        "The step 'docs' was added.",
        "out: it stands under 'finally' now.",
        'out: how it needs unit was plain, and is {"status": ["finished"]}.',
        "out does not need lint any more.",
    ]


def test_another_way_to_write_the_same_is_no_change():
    same = BEFORE.replace("timeout: 10m", "timeout: 600s").replace("retry: 2", "retry: {max: 2}") + "# a comment\n"
    assert changes(spec(BEFORE), spec(same)) == []


def test_a_number_is_not_its_text_to_a_matrix():
    old, new = "steps: {a: {run: x, matrix: {v: [1]}}}", "steps: {a: {run: x, matrix: {v: ['1']}}}"
    assert [change.field for change in changes(spec(old), spec(new))] == ["matrix.v"]


def test_another_order_of_the_steps_is_told():
    old, new = "steps: {a: {run: x}, b: {run: y}}", "steps: {b: {run: y}, a: {run: x}}"
    assert [change.field for change in changes(spec(old), spec(new))] == ["steps"]
