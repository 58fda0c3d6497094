"""Which server a command means, and whose token it takes along."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansflow.cli.remote.hosts import Host, Hosts
from tests.cli.conftest import Ansflow

LAST, OTHER = "http://last.example.com", "http://other.example.com"


@pytest.fixture
def hosts(tmp_path: Path) -> Hosts:
    hosts = Hosts(tmp_path / "config" / "ansflow" / "hosts.json")
    hosts.keep(Host(OTHER, "ansf_other", "ann", 1))
    hosts.keep(Host(LAST, "ansf_last", "ann", 2))
    return hosts


def test_an_address_is_the_named_one_or_the_variable_or_the_last_sign_in(hosts: Hosts) -> None:
    assert hosts.address("", {}) == LAST
    assert hosts.address("", {"ANSFLOW_SERVER": OTHER + "/"}) == OTHER
    assert hosts.address(LAST, {"ANSFLOW_SERVER": OTHER}) == LAST


def test_a_token_of_the_environment_is_for_asking_and_not_for_signing_out(hosts: Hosts) -> None:
    environ = {"ANSFLOW_SERVER": OTHER, "ANSFLOW_TOKEN": "ansf_given"}
    assert hosts.chosen("", environ) == Host(OTHER, "ansf_given")
    assert hosts.kept("", environ) == Host(OTHER, "ansf_other", "ann", 1)


def test_a_password_is_for_the_server_that_the_environment_names(ansflow: Ansflow, hosts: Hosts, project: Path) -> None:
    (project / "password").write_text("secret\n")
    env = {"ANSFLOW_SERVER": OTHER, "ANSFLOW_TOKEN": "ansf_given", "XDG_CONFIG_HOME": str(hosts.path.parents[1])}
    done = ansflow("login", "-u", "ann", "--password-file", "password", env=env)
    assert done.code == 5
    assert OTHER in done.err
    assert LAST not in done.err
