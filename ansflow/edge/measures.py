"""What `/metrics` shows, in the text form of Prometheus. Counted as it happens, or asked when somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

Sample = tuple[Sequence[str], float]
"""The values of the labels, and the number."""
Ask = Callable[[], Iterable[Sample]]


class Measures:
    """Names of the metrics begin with `ansflow_`. Labels never hold what a client has written."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call] # a series beside each, that says when it was first counted
        self._registry = CollectorRegistry(auto_describe=False)
        self._requests = Counter(
            "ansflow_http_requests",
            "Requests answered, by operation, method and status.",
            ("operation", "method", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "ansflow_http_request_seconds",
            "Seconds from a request's first byte to the last of its answer.",
            ("operation",),
            buckets=SECONDS,
            registry=self._registry,
        )
        self._asked = _Asked()
        self._registry.register(self._asked)

    def request(self, operation: str, method: str, status: int, seconds: float) -> None:
        known = method if method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS") else "other"
        self._requests.labels(operation, known, str(status)).inc()
        self._seconds.labels(operation).observe(seconds)

    def ask(self, name: str, about: str, ask: Ask, *, labels: Sequence[str] = (), counter: bool = False) -> None:
        """A metric whose numbers `ask` knows. What cannot be asked now is left out."""
        self._asked.metrics.append((name, about, tuple(labels), counter, ask))

    def text(self) -> bytes:
        """May ask the database: not for the event loop."""
        return bytes(generate_latest(self._registry))


class _Asked:
    """A collector, as prometheus-client calls it."""

    def __init__(self) -> None:
        self.metrics: list[tuple[str, str, tuple[str, ...], bool, Ask]] = []

    def collect(self) -> Iterable[Metric]:
        for name, about, labels, counter, ask in self.metrics:
            family = (CounterMetricFamily if counter else GaugeMetricFamily)(name, about, labels=labels)
            for values, number in ask():
                family.add_metric(list(values), number)
            yield family


def by_label(counts: Mapping[str, float]) -> Iterable[Sample]:
    """Samples of a metric with one label."""
    return [((name,), number) for name, number in sorted(counts.items())]
