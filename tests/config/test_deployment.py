"""`check --deploy`: nothing to say of an installation behind TLS, and of what is silenced a reason each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ansflow.config.checkup import PLAIN_HTTP
from tests.server_process import environment

SILENCED = {
    "security.W005": "HSTS for names below this server's: those are not ours",
    "security.W008": "redirects from http: the proxy that has the certificate sends them",
    "security.W021": "HSTS on the lists of browsers: the owner of the domain decides",
}
EVERYTHING = """
import json, django
django.setup()
from django.core.checks import run_checks
print(json.dumps(sorted(one.id for one in run_checks(include_deployment_checks=True))))
"""


def django(data: Path, *words: str, base_url: str) -> subprocess.CompletedProcess[str]:
    env = environment(data, ANSFLOW_BASE_URL=base_url, DJANGO_SETTINGS_MODULE="ansflow.config.django_settings")
    command = [sys.executable, "-W", "error", *words]
    return subprocess.run(command, env=env, cwd=data, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    return folder


def test_an_installation_behind_tls_is_clean(data: Path) -> None:
    words = ("-m", "django", "check", "--deploy", "--fail-level", "WARNING")
    done = django(data, *words, base_url="https://ci.example.com")
    assert (done.returncode, done.stdout) == (
        0,
        f"System check identified no issues ({len(SILENCED)} silenced).{os.linesep}",
    ), done.stderr


@pytest.mark.parametrize(
    ("base_url", "more"), [("https://ci.example.com", set()), ("http://ci.example.com", PLAIN_HTTP)]
)
def test_what_is_silenced_is_what_another_decides(data: Path, base_url: str, more: set[str]) -> None:
    done = django(data, "-c", EVERYTHING, base_url=base_url)
    assert done.returncode == 0, done.stderr
    found = set(json.loads(done.stdout))
    assert found - more <= SILENCED.keys(), "neither http nor silence hides anything else"
    assert more <= found
