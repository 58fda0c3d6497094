from __future__ import annotations

from collections.abc import Iterator
from time import monotonic

import pytest

from tests.deploy.machine import IMAGE, ROOT, Figure, build, expect_base, expect_podman


@pytest.fixture(scope="session")
def containers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    config = expect_podman(tmp_path_factory.mktemp("podman"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONTAINERS_CONF", str(config))
        yield


@pytest.fixture
def figure(capsys: pytest.CaptureFixture[str]) -> Figure:
    def say(what: str, value: str) -> None:
        with capsys.disabled():
            print(f"\n{what}: {value}")

    return say


@pytest.fixture(scope="session")
def image(containers: None) -> str:
    expect_base()
    began = monotonic()
    build(IMAGE, ROOT / "deploy" / "Dockerfile", ROOT)
    print(f"image: built in {monotonic() - began:.0f} s")
    return IMAGE
