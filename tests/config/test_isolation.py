from __future__ import annotations

from pathlib import Path

import pytest

from ansflow.config.isolation import Closed, Isolation, Offered, choose
from ansflow.config.settings import Settings
from ansflow.core.errors import NotAvailable

MISSING = "The sandbox needs bubblewrap."


def found(host: str = "127.0.0.1", *, sandbox: str = "", allowed: bool = False) -> Isolation:
    settings = Settings(data_dir=Path("/data"), host=host, allow_host_executor=allowed)
    return choose(settings, lambda name: sandbox if name == "sandbox" else "")


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_sandbox_that_works_is_where_steps_run_on_every_address(host: str) -> None:
    assert found(host) == Isolation(executor="sandbox")


def test_without_one_a_server_for_its_own_machine_falls_back_and_says_so() -> None:
    chosen = found(sandbox=MISSING)
    assert (chosen.executor, chosen.refused, chosen.host_allowed) == ("host", "", False)
    assert "without isolation" in chosen.warning
    assert MISSING in chosen.warning


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "ci.example.com"])
def test_without_one_a_server_that_others_reach_refuses_steps(host: str) -> None:
    chosen = found(host, sandbox=MISSING)
    assert "ANSFLOW_ALLOW_HOST_EXECUTOR=true" in chosen.refused
    assert chosen.warning == chosen.refused


def test_the_administrators_leave_lets_steps_run_without_isolation() -> None:
    chosen = found("0.0.0.0", sandbox=MISSING, allowed=True)
    assert (chosen.executor, chosen.refused, chosen.host_allowed) == ("host", "", True)
    assert "as the administrator allows" in chosen.warning


def test_leave_for_the_host_does_not_make_it_the_default() -> None:
    assert found("0.0.0.0", allowed=True).executor == "sandbox"


def test_the_engine_gets_no_host_executor_without_leave_whatever_a_plan_asks_for() -> None:
    with pytest.raises(NotAvailable):
        Offered(found()).executor("host")
    assert Offered(found(allowed=True)).executor("host").name == "host"
    assert Offered(found(sandbox=MISSING)).executor("host").name == "host"


@pytest.mark.parametrize("name", ["host", "sandbox"])
def test_where_steps_are_refused_each_says_why(name: str) -> None:
    closed = Offered(found("0.0.0.0", sandbox=MISSING)).executor(name)
    assert isinstance(closed, Closed)
    with pytest.raises(NotAvailable, match="Steps are refused"):
        closed.start(None)  # type: ignore[arg-type]
