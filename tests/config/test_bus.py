"""The bus that the settings ask for."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansflow.cli import texts
from ansflow.cli.sentences import translated
from ansflow.config.bus import check_bus, make_bus
from ansflow.config.checkup import CHECKS
from ansflow.config.settings import Settings
from ansflow.core.errors import InvalidSpec, NotAvailable
from ansflow.engine.memory import MemoryBus
from ansflow.infra.bus.redis import RedisBus
from tests.redis_server import RedisServer
from tests.server_process import ServerProcess, run


def settings(url: str) -> Settings:
    return Settings(data_dir=Path("/nowhere"), redis_url=url)


@pytest.fixture
def chinese() -> Iterator[None]:
    before = texts.language()
    texts.choose_language(["--lang", "zh"], {})
    yield
    texts.choose_language(["--lang", before], {})


def test_without_an_address_hints_stay_within_the_process() -> None:
    assert check_bus(settings("")) == ""
    assert type(make_bus(settings(""))) is MemoryBus


def test_with_an_address_they_go_over_redis() -> None:
    with RedisServer() as redis:
        assert check_bus(settings(redis.url)) == ""
        bus = make_bus(settings(redis.url))
        assert isinstance(bus, RedisBus)
        bus.close()


def test_a_redis_that_is_away_is_said_and_not_waited_for(chinese: None) -> None:
    with RedisServer() as redis:
        redis.kill()
        said = check_bus(settings(redis.url))
        assert list(CHECKS["bus"](settings(redis.url))) == [said]
        place = f"127.0.0.1:{redis.port}"
    assert said == (
        f"Redis at {place} cannot be reached: Connection refused. "
        "Until it can, other processes hear of changes up to two seconds late."
    )
    assert translated(said) == f"无法连接 {place} 的 Redis：连接被拒绝。恢复之前，其他进程最多晚两秒得知变化。"


def test_one_that_refuses_us_is_said_in_both_languages(chinese: None) -> None:
    with RedisServer(password="right") as redis, pytest.raises(InvalidSpec) as caught:
        check_bus(settings(f"redis://127.0.0.1:{redis.port}/0"))
    assert translated(str(caught.value)) == f"127.0.0.1:{redis.port} 的 Redis 拒绝此服务器：用户名或密码不对。"


def test_a_driver_that_is_missing_is_named_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    for call in (check_bus, make_bus):
        with pytest.raises(NotAvailable, match=r"pip install 'ansflow\[redis\]'"):
            call(settings("redis://localhost"))


def test_a_server_starts_without_its_redis_and_not_with_one_that_refuses_it(tmp_path: Path) -> None:
    with RedisServer(password="right") as redis:
        refused = f"redis://:wr0ng@127.0.0.1:{redis.port}/0"
        done = run(tmp_path / "refused", "serve", "--port", "0", ANSFLOW_REDIS_URL=refused)
        assert done.returncode != 0 and "refuses this server: it wants another user or password" in done.stderr
        assert "wr0ng" not in done.stderr + done.stdout
        server = ServerProcess(tmp_path, ANSFLOW_REDIS_URL=redis.url)
        redis.kill()
        server.start()
        assert "Redis at" in server.errors.read_text()
        redis.start()
        assert server.stop() == 0
    assert "right" not in server.errors.read_text()
