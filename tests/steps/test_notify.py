from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ansflow.core.errors import InvalidSpec, NotAvailable
from ansflow.core.schema import Problems
from ansflow.core.spec import StepSpec
from ansflow.core.status import StepStatus
from ansflow.plugins.registry import step_type
from ansflow.plugins.telling import WORDS
from ansflow.steps.notify import Notify

FAILED = {"steps": {"unit": {"status": "failed", "message": "Exited with code 1."}, "lint": {"status": "success"}}}
PASSED = {"steps": {"unit": {"status": "success"}}}
TOKEN = "canary-token-4711"


class Hook:
    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.status = 200
        self.host = ""


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    """A webhook receiver that the administrator allows."""
    got = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.bodies.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            got.ids.append(self.headers["webhook-id"])
            self.send_response(got.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    got.host = f"127.0.0.1:{server.server_port}"
    monkeypatch.setenv("ANSFLOW_ALLOW_PRIVATE_HOSTS", got.host)
    yield got
    server.shutdown()
    thread.join()
    server.server_close()


def inline(hook: Hook) -> dict[str, Any]:
    return {"kind": "webhook", "url": f"http://{hook.host}/{TOKEN}"}


def notify(make_job: Any, channels: Any, context: dict[str, Any], **options: Any) -> Any:
    parameters = {"channels": channels, **options.pop("parameters", {})}
    return make_job(type="notify", parameters=parameters, context=context, **options)


def test_a_failure_is_told_with_the_step_that_failed(make_job: Any, perform: Any, hook: Hook) -> None:
    done = perform(notify(make_job, [inline(hook)], FAILED, env={"ANSFLOW_PIPELINE": "shop-api"}))
    assert done.outcome.status is StepStatus.SUCCESS
    assert done.outcome.outputs == {"told": "webhook"}
    (body,) = hook.bodies
    assert body["type"] == "execution.failed"
    assert body["data"]["subject"] == "shop-api failed"
    assert body["data"]["text"] == "unit failed: Exited with code 1."
    assert body["data"]["steps"] == {"unit": "failed", "lint": "success"}


def test_a_channel_that_cannot_be_reached_fails_the_step_and_the_others_are_told(
    make_job: Any, perform: Any, hook: Hook
) -> None:
    dead = {"kind": "webhook", "url": "http://203.0.113.9/hook"}
    done = perform(notify(make_job, [dead, inline(hook)], FAILED))
    assert done.outcome.status is StepStatus.FAILED
    assert "203.0.113.9 is not a public address" in done.log
    assert len(hook.bodies) == 1


def test_a_refusal_fails_the_step_and_shows_no_token(make_job: Any, perform: Any, hook: Hook) -> None:
    hook.status = 403
    done = perform(notify(make_job, [inline(hook)], FAILED))
    assert done.outcome.status is StepStatus.FAILED
    assert "HTTP status 403" in done.log
    assert TOKEN not in done.log + done.outcome.message
    assert TOKEN not in " ".join(done.command.argv) + json.dumps(dict(done.command.env))


def test_a_repeated_attempt_carries_the_same_id(make_job: Any, perform: Any, hook: Hook) -> None:
    perform(notify(make_job, [inline(hook)], FAILED))
    perform(notify(make_job, [inline(hook)], FAILED, attempt=2))
    assert hook.ids[0] == hook.ids[1]


@pytest.mark.parametrize(
    "only, history, told",
    [
        (["failure"], [FAILED], [True]),
        (["failure"], [PASSED], [False]),
        (["success"], [PASSED], [True]),
        (["fixed"], [PASSED], [False]),
        (["fixed"], [FAILED, PASSED, PASSED], [False, True, False]),
        (["failure", "fixed"], [FAILED, FAILED, PASSED], [True, True, True]),
        (["changed"], [PASSED, PASSED, FAILED, FAILED, PASSED], [False, False, True, False, True]),
    ],
)
def test_only_chooses_when_to_tell(
    make_job: Any, perform: Any, hook: Hook, *, only: list[str], history: list[Any], told: list[bool]
) -> None:
    heard = []
    for context in history:
        before = len(hook.bodies)
        done = perform(notify(make_job, [inline(hook)], context, parameters={"only": only}))
        assert done.outcome.status is StepStatus.SUCCESS
        heard.append(len(hook.bodies) > before)
        assert heard[-1] or "Nobody was told" in done.log
    assert heard == told


def test_a_message_can_be_in_chinese(make_job: Any, perform: Any, hook: Hook) -> None:
    context = {**FAILED, "git": {"branch": "main"}}
    perform(notify(make_job, [inline(hook)], context, parameters={"language": "zh"}, env={"ANSFLOW_PIPELINE": "shop"}))
    data = hook.bodies[0]["data"]
    assert data["subject"] == "shop 失败"
    assert data["text"] == "unit 失败: Exited with code 1."
    assert data["facts"]["分支"] == "main"


def test_every_word_of_a_message_exists_in_both_languages() -> None:
    assert WORDS["en"].keys() == WORDS["zh"].keys()


def test_long_lists_are_cut_and_counted(make_job: Any, perform: Any, hook: Hook) -> None:
    tests = [f"test_{number}" for number in range(14)]
    steps = {f"step{number}": {"status": "failed", "failing_tests": tests} for number in range(23)}
    perform(notify(make_job, [inline(hook)], {"steps": steps}))
    lines = hook.bodies[0]["data"]["text"].splitlines()
    assert lines[:2] == ["step0 failed", "  test_0"]
    assert lines[11] == "  … and 4 more tests"
    assert lines[-1] == "… and 3 more steps"


def test_a_fixed_pipeline_says_so(make_job: Any, perform: Any, hook: Hook) -> None:
    for context in (FAILED, PASSED):
        perform(notify(make_job, [inline(hook)], context))
    assert hook.bodies[-1]["type"] == "execution.fixed"
    assert "is fixed" in hook.bodies[-1]["data"]["subject"]


def test_a_named_channel_is_read_from_the_data_folder_with_its_secret(make_job: Any, perform: Any, hook: Hook) -> None:
    job = notify(make_job, ["team"], FAILED, secrets={"URL": f"http://{hook.host}/{TOKEN}"})
    (job.data / "channels.yml").write_text("team: {kind: webhook, url: {secret: URL}}\n")
    done = perform(job)
    assert done.outcome.outputs == {"told": "team"}
    assert TOKEN not in done.log


def test_an_unknown_channel_is_named_with_the_nearest_one(make_job: Any) -> None:
    job = notify(make_job, ["teem"], FAILED)
    (job.data / "channels.yml").write_text("team: {kind: webhook, url: http://x.example}\n")
    with pytest.raises(NotAvailable, match=r"no channel 'teem' in .*Did you mean 'team'"):
        Notify().prepare(job)


def test_a_secret_that_the_step_does_not_list_is_named(make_job: Any) -> None:
    with pytest.raises(NotAvailable, match=r"secrets: \[HOOK\]"):
        Notify().prepare(notify(make_job, [{"kind": "webhook", "url": {"secret": "HOOK"}}], FAILED))


def test_a_faulty_channels_file_is_named_with_the_fault(make_job: Any) -> None:
    job = notify(make_job, ["team"], FAILED)
    (job.data / "channels.yml").write_text("team: {kind: webhock}\n")
    with pytest.raises(InvalidSpec, match=r"channels.yml: .*'webhock'.*webhook"):
        Notify().prepare(job)


@pytest.mark.parametrize(
    "channel, said",
    [
        ({"kind": "telegraph"}, "telegraph"),
        ({"url": "http://x.example"}, "The key 'kind' is missing"),
        ({"kind": "webhook"}, "The key 'url' is missing"),
        ({"kind": "webhook", "url": "http://x.example", "urk": 1}, "Unknown key 'urk'"),
        ({"kind": "email", "server": "a", "from": "x", "to": "a@b"}, "from"),
        ({"kind": "email", "server": "a", "from": "x@y", "to": "a@b", "password": "plain"}, "secret"),
    ],
)
def test_a_faulty_channel_is_found_before_the_run(channel: dict[str, Any], said: str) -> None:
    problems = Problems()
    step_type("notify").parameters.read({"channels": [channel]}, ("with",), problems)
    assert said in " ".join(map(str, problems))


@pytest.mark.parametrize(
    "spec, said",
    [({}, "needs channels, or a script"), ({"run": ("true",), "parameters": {"channels": "a"}}, "or runs a script")],
)
def test_a_notify_step_has_channels_or_a_script(spec: dict[str, Any], said: str) -> None:
    (problem,) = Notify().check(StepSpec(id="tell", type="notify", **spec))
    assert said in problem.message


def test_a_script_can_tell_with_the_message_in_its_environment(make_job: Any, perform: Any) -> None:
    done = perform(make_job('echo "$ANSFLOW_STATUS: $ANSFLOW_MESSAGE"', type="notify", context=FAILED))
    assert done.outcome.status is StepStatus.SUCCESS
    assert "failed: unit failed: Exited with code 1." in done.log
    job = make_job("exit 3", type="notify", context=FAILED)
    assert perform(job).outcome.message == "The script ended with exit code 3."
    job = make_job("exit 3", type="notify", context=PASSED, parameters={"only": ["failure"]})
    assert perform(job).outcome.status is StepStatus.SUCCESS
