from __future__ import annotations

from pathlib import Path

import pytest

from ansflow.config import settings
from ansflow.config.settings import VARIABLES, Settings, read_settings, unknown_variables
from ansflow.core.errors import InvalidSpec
from ansflow.infra.storage.opening import folder_in
from ansflow.plugins.outbound import ALLOW_SETTING
from docs.settings import PAGE, page

DATA = Path("/srv/ansflow")


def read(**environ: str) -> Settings:
    return read_settings({f"ANSFLOW_{name.upper()}": value for name, value in environ.items()}, data_dir=DATA)


def refused(**environ: str) -> str:
    with pytest.raises(InvalidSpec) as caught:
        read(**environ)
    return str(caught.value)


def test_nothing_has_to_be_set() -> None:
    assert read() == Settings(data_dir=DATA)


def test_an_empty_variable_counts_as_not_set() -> None:
    assert read(port="", base_url=" ") == Settings(data_dir=DATA)


def test_what_is_set_arrives_as_what_it_is() -> None:
    found = read(
        port="8080",
        slots="9",
        allow_host_executor="TRUE",
        allowed_hosts="ci.example.com, .shop.example,[::1]",
        trusted_proxies="10.0.0.0/8,::1",
        key_file="/etc/ansflow/ring",
        allow_private_hosts="git.example.internal:443, [fd00::1]:8065",
        max_body="5Mi",
    )
    assert (found.port, found.slots, found.allow_host_executor, found.max_body) == (8080, 9, True, 5 << 20)
    assert found.allowed_hosts == ("ci.example.com", ".shop.example", "[::1]")
    assert found.trusted_proxies == ("10.0.0.0/8", "::1/128")
    assert found.key_file == Path("/etc/ansflow/ring")
    assert found.allow_private_hosts == ("git.example.internal:443", "[fd00::1]:8065")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "80 80"),
        ("port", "65536"),
        ("port", "-1"),
        ("slots", "0"),
        ("slots", "many"),
        ("allow_host_executor", "yes"),
        ("base_url", "ci.example.com"),
        ("allow_private_hosts", "git.example.internal"),
        ("allow_private_hosts", "https://git.example.internal:443"),
        ("base_url", "ftp://ci.example.com"),
        ("base_url", "https://ci.example.com/ansflow"),
        ("allowed_hosts", "a b"),
        ("allowed_hosts", "*"),
        ("trusted_proxies", "proxy.example.com"),
        ("trusted_proxies", "10.0.0.1/8"),
        ("key_file", "ring"),
        ("max_body", "10MB"),
        ("log_format", "xml"),
        ("redis_url", "localhost"),
        ("redis_url", "localhost:6379"),
        ("redis_url", "http://localhost:6379/0"),
        ("redis_url", "redis://"),
        ("redis_url", "redis://:p@ss/word@localhost/0"),
        ("redis_url", "redis://localhost:port/0"),
        ("redis_url", "redis://localhost/main"),
        ("redis_url", "redis://localhost/0#1"),
        ("redis_url", "redis://localhost/0?socket_timeout=60"),
        ("redis_url", "redis://[::1/0"),
        ("broker_url", "localhost"),
        ("broker_url", "http://localhost"),
        ("broker_url", "amqp://"),
        ("broker_url", "amqp://localhost/a/b"),
        ("broker_url", "amqp://localhost?heartbeat=1"),
        ("broker_url", "redis://localhost/main"),
        ("broker_url", "sentinel://localhost/0"),
        ("queues", "a b"),
        ("queues", ","),
        ("queues", "default,chores"),
        ("keys_dir", "keys"),
        ("health_port", "0"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_the_name_of_its_variable(name: str, value: str) -> None:
    assert refused(**{name: value}).startswith(f"ANSFLOW_{name.upper()} wants ")


@pytest.mark.parametrize(
    "address",
    [
        "redis://localhost",
        "redis://:p%40ss%2Fword@10.0.0.1:6379/3",
        "redis://ann:secret@[::1]:6379/0",
        "rediss://redis.example.com:6380/0?ssl_ca_certs=/etc/ssl/redis.pem",
    ],
)
def test_the_address_of_a_redis_arrives_as_it_was_written(address: str) -> None:
    assert read(redis_url=address).redis_url == address


def test_no_wrong_address_of_a_redis_shows_its_password() -> None:
    assert "hunter2" not in refused(redis_url="redis://:hunter2@localhost/main")


def test_every_wrong_variable_is_named_at_once() -> None:
    said = refused(port="x", slots="y")
    assert "ANSFLOW_PORT" in said
    assert "ANSFLOW_SLOTS" in said


def test_an_option_of_the_command_line_is_refused_by_its_own_name_and_never_empty() -> None:
    given = {"ANSFLOW_QUEUES": " ", "ANSFLOW_SLOTS": "0", "ANSFLOW_PORT": "x"}
    with pytest.raises(InvalidSpec) as caught:
        read_settings(given, flags={"ANSFLOW_QUEUES": "--queues", "ANSFLOW_SLOTS": "--concurrency"})
    assert [problem.message for problem in caught.value.problems] == [
        "ANSFLOW_PORT wants a whole number from 0 to 65535.",
        "--concurrency wants a whole number from 1 to 1000.",
        "--queues wants a value.",
    ]


SPREAD = {
    "broker_url": "amqp://ann:hunter2@broker:5672/ansflow",
    "database_url": "postgresql://ann@db/ansflow",
    "redis_url": "redis://cache/0",
    "storage_url": "s3://bucket/ansflow",
}


def test_an_installation_over_several_processes_is_one_that_names_a_broker() -> None:
    assert read(**SPREAD).is_spread and not read(redis_url="redis://cache/0").is_spread


def test_everything_that_several_processes_cannot_do_without_is_named_at_once() -> None:
    said = refused(broker_url=SPREAD["broker_url"])
    assert all(
        f"which also wants ANSFLOW_{name.upper()}: " in said for name in ("database_url", "redis_url", "storage_url")
    )
    assert "hunter2" not in said


@pytest.mark.parametrize("missing", ["database_url", "redis_url", "storage_url"])
def test_what_is_half_spread_is_refused(missing: str) -> None:
    said = refused(**{**SPREAD, missing: ""})
    assert said.count("which also wants") == 1 and f"ANSFLOW_{missing.upper()}" in said


def test_a_file_of_sqlite_cannot_be_shared_by_processes() -> None:
    assert "a SQLite file belongs to one process" in refused(**{**SPREAD, "database_url": "sqlite:////srv/a.sqlite3"})


def test_keys_are_in_the_data_folder_unless_it_is_said_where() -> None:
    assert read().keys_folder == DATA / "keys"
    assert read(keys_dir="/run/secrets/ansflow").keys_folder == Path("/run/secrets/ansflow")


def test_a_variable_that_is_nearly_one_is_named_with_the_one_that_was_meant() -> None:
    environ = {"ANSFLOW_ALOW_HOST_EXECUTOR": "true", "ANSFLOW_PORT": "1", "ANSFLOW_LANG": "zh", "HOME": "/root"}
    environ[ALLOW_SETTING] = "git.example:443"
    (said,) = unknown_variables(environ)
    assert said.startswith("ANSFLOW_ALOW_HOST_EXECUTOR is not known")
    assert "ANSFLOW_ALLOW_HOST_EXECUTOR" in said


def test_a_flag_goes_before_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "_chosen", [])
    chosen = settings.use(read(port="8080", host="::1"), port=9000, host=None)
    assert (chosen.port, chosen.host) == (9000, "::1")
    assert settings.current() is chosen


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.8.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False),
     ("10.0.0.1", False), ("example.com", False)],
)  # fmt: skip
def test_a_server_knows_whether_only_its_own_machine_can_reach_it(host: str, loopback: bool) -> None:
    assert read(host=host).listens_on_loopback is loopback


def test_the_server_answers_to_its_own_address() -> None:
    assert read(base_url="https://ci.example.com").hosts[-1] == "ci.example.com"
    assert read(host="10.1.2.3").address == "http://10.1.2.3:8000"
    assert read(host="::1").hosts[-1] == "[::1]"
    assert read(host="0.0.0.0").address == "http://localhost:8000"


def test_the_page_of_settings_is_what_the_code_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()
    assert all(f"`{name}`" in page() for name in VARIABLES)


@pytest.mark.parametrize(
    "url",
    [
        "file://srv/x",
        "file:///",
        "file:srv",
        "file:///srv/../etc",
        "file:///srv?x=secret",
        "ftp:///srv",
        "s3://",
        "s3://key:secret@bucket/x",
        "s3://bucket?secret=1",
        "https://s3.example.com/bucket",
    ],
)
def test_a_store_that_cannot_be_meant_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(InvalidSpec) as refused:
        read_settings({"ANSFLOW_STORAGE_URL": url}, data_dir=Path("/data"))
    assert "ANSFLOW_STORAGE_URL wants" in str(refused.value) and "secret" not in str(refused.value)


def test_a_store_may_be_a_folder() -> None:
    url = "file:///srv/ans%20flow/"
    assert read_settings({"ANSFLOW_STORAGE_URL": url}, data_dir=Path("/data")).storage_url == url
    assert folder_in(url) == Path("/srv/ans flow")


def test_a_store_may_have_an_endpoint_and_a_prefix() -> None:
    url = "s3://bucket/a/b?endpoint=http://127.0.0.1:9000&region=eu-west-1&virtual_hosted=true"
    assert read_settings({"ANSFLOW_STORAGE_URL": url}, data_dir=Path("/data")).storage_url == url


# ── what stands in a file ────────────────────────────────────────────────────────────────────────────────────────


def file_with(folder: Path, text: str, *, mode: int = 0o600) -> str:
    file = folder / "address"
    file.write_text(text)
    file.chmod(mode)
    return str(file)


@pytest.mark.parametrize("name", ["database_url", "redis_url", "broker_url"])
def test_an_address_with_a_password_may_stand_in_a_file(tmp_path: Path, name: str) -> None:
    found = read(**{**SPREAD, name: "", f"{name}_file": file_with(tmp_path, f"{SPREAD[name]}\nand more\n")})
    assert getattr(found, name) == SPREAD[name]
    assert unknown_variables({f"ANSFLOW_{name.upper()}_FILE": "/run/secrets/address"}) == []


def test_what_stands_in_a_file_is_checked_as_if_it_were_set_and_never_shown(tmp_path: Path) -> None:
    said = refused(redis_url_file=file_with(tmp_path, "http://:hunter2@localhost\n"))
    assert said.startswith("ANSFLOW_REDIS_URL wants ") and "hunter2" not in said


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    assert "can be read by other users" in refused(redis_url_file=file_with(tmp_path, "redis://localhost", mode=0o644))


def test_a_file_that_is_not_there_is_refused_with_the_others(tmp_path: Path) -> None:
    said = refused(redis_url_file=str(tmp_path / "gone"), database_url_file="address", port="x")
    assert "The value of ANSFLOW_REDIS_URL cannot be read from" in said
    assert "ANSFLOW_DATABASE_URL_FILE wants the absolute path of a file" in said
    assert "ANSFLOW_PORT wants" in said


def test_a_value_and_a_file_for_it_are_one_too_many(tmp_path: Path) -> None:
    said = refused(redis_url="redis://one", redis_url_file=file_with(tmp_path, "redis://two"))
    assert said == "ANSFLOW_REDIS_URL_FILE and ANSFLOW_REDIS_URL say the same: set one of them."


def test_only_what_may_hold_a_password_can_stand_in_a_file() -> None:
    assert set(settings.IN_FILES) == {f"ANSFLOW_{name}_URL_FILE" for name in ("DATABASE", "REDIS", "BROKER")}
    assert unknown_variables({"ANSFLOW_PORT_FILE": "/x"}) != []
