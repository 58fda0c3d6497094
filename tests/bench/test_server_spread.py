from bench.options import Options
from bench.server_spread import pairs


def test_each_database_that_many_machines_can_share_is_measured_over_each_broker():
    assert pairs(Options()) == [
        ("postgresql", "redis"), ("postgresql", "rabbitmq"), ("mariadb", "redis"), ("mariadb", "rabbitmq")
    ]  # fmt: skip
    assert pairs(Options(databases=("sqlite", "mariadb"), brokers=("redis",))) == [("mariadb", "redis")]
