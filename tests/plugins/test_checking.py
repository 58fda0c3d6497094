"""Everything that is said about a file before it runs: three sources, one list, nothing in silence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansflow.core.compile import compile_plan
from ansflow.core.errors import NotAvailable
from ansflow.core.schema import Boolean, Field, Record
from ansflow.core.spec import Trigger
from ansflow.document.reader import read
from ansflow.plugins.checking import LOCAL, Available, check, notes, queue_notes
from ansflow.plugins.contracts import Executor


def said(text: str, available: Available | None = None) -> list[str]:
    return [str(problem) for problem in check(read(text), available or Available())]


def test_a_file_that_can_run_here_has_no_problems() -> None:
    assert said("steps: {a: {run: make, executor: fake}}") == []


def test_reading_the_graph_and_the_installation_report_in_one_pass_in_the_order_of_the_text() -> None:
    text = """\
steps:
  a: {run: make, needs: b}
  b: {run: make, needs: a, timeout: 5}
  c: {run: make, image: alpine}
  d: {run: make, type: custum}
"""
    assert [line.split(" ")[0] for line in said(text)] == ["2:25:", "3:37:", "4:25:", "5:24:"]


def test_an_unknown_type_is_told_the_nearest() -> None:
    assert said("steps: {a: {run: b, type: custum}}") == [
        "1:27: There is no step type 'custum' here. Did you mean 'custom'?"
    ]


def test_the_parameters_of_a_type_are_checked_and_placed() -> None:
    assert said("steps: {a: {run: b, with: {depth: 1}}}") == [
        "1:28: Unknown key 'depth' in `with` of a custom step. Nothing can be written here."
    ]


def test_what_the_reader_said_of_a_step_is_not_said_again() -> None:
    assert said("steps: {a: {script: make}}") == ["1:13: Unknown key 'script' in a step. Here it is called 'run'."]
    assert said("steps: {a: {run: make, needs: {step: 'b c'}}}") == [
        "1:38: step wants a letter or _, then letters, digits, _ and -, at most 100 characters, not 'b c'."
    ]


@pytest.mark.parametrize("name", ["container", "kubernetes", "ssh", "jenkins", "gitlab", "github"])
def test_an_executor_that_is_not_here_is_refused_before_the_run(name: str) -> None:
    assert said(f"steps: {{a: {{run: b, executor: {name}}}}}") == [
        f"1:31: The executor {name!r} is not available here yet. Use host or sandbox."
    ]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("image: alpine", "'image' needs containers, and this installation cannot run them yet."),
        ("services: {db: postgres}", "'services' needs containers, and this installation cannot run them yet."),
        ("memoize: src/**", "'memoize' is not available here yet."),
        ("network: limited", "'network: limited' is not available here yet."),
        ("network: none", "'network: none' cannot be kept by the executor host."),
    ],
)
def test_what_this_installation_cannot_do_is_refused_with_a_sentence(keys: str, message: str) -> None:
    [line] = said(f"steps: {{a: {{run: b, {keys}}}}}")
    assert message in line


def test_a_template_of_a_library_is_refused_where_there_is_no_library() -> None:
    [line] = said("steps: {a: {uses: owner/name@1.2}}")
    assert "this installation has no template library yet" in line


def test_a_server_says_what_it_can_do() -> None:
    class Container:
        name, summary = "container", "In a container."
        options = Record(fields={"rootless": Field(Boolean())}, what="the options of container")

    def executor(name: str) -> Executor:
        if name != "container":
            raise NotAvailable(f"No executor {name!r}.")
        return Container()  # type: ignore[return-value]

    server = Available(
        executor=executor,
        default_executor="container",
        containers=True,
        memoize=True,
        server=True,
        events=frozenset({"push"}),
        queues=frozenset({"default", "x"}),
    )
    everything = "image: alpine, memoize: src/**, network: none, executor: {name: container, rootless: true}"
    assert said(f"steps: {{a: {{run: b, {everything}}}}}", server) == []
    assert said("steps: {a: {run: b, executor: {name: container, rootles: true}}}", server) == [
        "1:49: Unknown key 'rootles' in the options of container. Did you mean 'rootless'?"
    ]
    elsewhere = read("on: push\nsteps: {a: {run: b, runs_on: x}}")
    assert notes(elsewhere, server) == []
    fewer = replace(server, events=frozenset(), queues=frozenset({"default", "arm"}))
    assert [(note.path, note.message) for note in notes(elsewhere, fewer)][1:] == [
        (("steps", "a", "runs_on"), "No worker serves the queue x (served: arm, default): start one that does.")
    ]
    assert notes(elsewhere, replace(server, queues=None)) == [], "some worker serves every queue"
    assert len(notes(elsewhere, replace(server, queues=frozenset()))) == 1
    assert notes(read("steps: {a: {run: b}}"), replace(server, queues=frozenset())) == [], "no worker at all is no news"
    assert len(notes(read("steps: {a: {run: b}}"), replace(server, queues=frozenset({"x"})))) == 1


def test_a_plan_notes_the_queues_that_nobody_serves_when_expressions_have_been_evaluated() -> None:
    document = read(
        "inputs: {size: {default: big}}\n"
        "steps: {a: {run: b, runs_on: '${{ inputs.size }}'}, c: {run: d, runs_on: '${{ inputs.size }}'}, e: {run: f}}\n"
    )
    assert document.spec is not None
    here = replace(LOCAL, server=True, queues=frozenset({"default"}))
    assert notes(document, here) == []
    plan = compile_plan(document.spec, digest="", trigger=Trigger(), inputs={})
    assert [note.message for note in queue_notes(plan, here)] == [
        "No worker serves the queue big (served: default): start one that does."
    ]
    assert queue_notes(plan, replace(here, queues=frozenset({"default", "big"}))) == []


def test_what_only_a_server_does_is_noted_and_no_reason_to_refuse() -> None:
    text = """\
on: push
concurrency: one
steps:
  a: {run: make, runs_on: gpu, priority: 3}
  b: {run: make, environment: production, concurrency: deploy, runs_on: gpu}
  c: {run: make, approval: {approvers: ann}}
  d: {run: make, approval: Sure?}
  e: {run: make, approval: {required: 2}, artifacts: {paths: dist/, expire_in: 30d}}
"""
    document = read(text)
    assert check(document) == []
    assert [(note.line, note.message) for note in notes(document)] == [
        (1, "'on' says what starts the pipeline; here it is started by hand."),
        (2, "'concurrency' waits for other executions on a server; here nothing waits."),
        (4, "'runs_on' chooses among the workers of a server; here there is this machine: a, b."),
        (5, "The rules that protect an 'environment' are kept by a server; here there are none: b."),
        (5, "'concurrency' holds back the steps of this run; other executions wait only on a server: b."),
        (6, "Who answers an 'approval' is known only on a server; here it is whoever runs the pipeline: c, e."),
        (8, "'expire_in' is watched by a server; here those of the newest runs are kept: e."),
    ]


def test_a_pipeline_started_by_hand_needs_no_note() -> None:
    assert notes(read("on: manual\nsteps: {a: make}")) == []


def test_a_time_zone_that_nobody_knows_is_refused() -> None:
    text = "on: {{schedule: [{{cron: '0 2 * * *', timezone: {}}}]}}\nsteps: {{a: b}}"
    assert said(text.format("Asia/Shanghai")) == []
    assert said(text.format("Asia/Shangai")) == [
        "1:16: There is no time zone 'Asia/Shangai' here. Did you mean 'Asia/Shanghai'?"
    ]
