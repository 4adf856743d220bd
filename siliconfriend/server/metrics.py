"""What the server counts, in its own registry: requests by route, times, work that waits.

No label ever carries a name, an id or a text: routes are templates, tenants are not told apart.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from starlette.types import Scope

from siliconfriend.server.house import House

_TIMES = (0.002, 0.005, 0.01, 0.02, 0.04, 0.06, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)


class Metrics:
    """Satisfies the guard's `Watch`."""

    def __init__(self, house: House) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route")
        self.requests = Counter(
            "siliconfriend_requests", "Requests answered", (*labels, "status"),
            registry=self.registry,
        )  # fmt: skip
        self.seconds = Histogram(
            "siliconfriend_request_seconds", "Time to the end of an answer", labels,
            buckets=_TIMES, registry=self.registry,
        )  # fmt: skip
        self.running = Gauge(
            "siliconfriend_requests_running", "Requests being answered", registry=self.registry
        )
        self.first_piece = Histogram(
            "siliconfriend_chat_first_piece_seconds", "Time to the first piece of a reply",
            buckets=_TIMES, registry=self.registry,
        )  # fmt: skip
        self.chats = Counter(
            "siliconfriend_chats", "Chat completions by how they ended", ("end",),
            registry=self.registry,
        )  # fmt: skip
        self.registry.register(_Queue(house))

    def began(self) -> None:
        """Note that a request has begun."""
        self.running.inc()

    def ended(self, scope: Scope, status: int, seconds: float) -> None:
        """Note that a request has ended."""
        self.running.dec()
        labels = (method_of(scope), route_of(scope))
        self.requests.labels(*labels, str(status)).inc()
        self.seconds.labels(*labels).observe(seconds)

    def text(self) -> bytes:
        """Return everything in the text form that Prometheus reads."""
        return generate_latest(self.registry)


class _Queue:
    """Looks at the queue when asked."""

    def __init__(self, house: House) -> None:
        self.house = house

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield how many jobs wait, and how many of them have failed before."""
        waits = GaugeMetricFamily("siliconfriend_jobs_waiting", "Jobs that wait", labels=["kind"])
        failed = GaugeMetricFamily("siliconfriend_jobs_failed", "Jobs that failed", labels=["kind"])
        totals: dict[str, tuple[int, int]] = {"digest": (0, 0), "embed": (0, 0)}
        with self.house.store.read() as tx:
            for _, kind, count, bad in tx.rows("count_jobs"):
                before = totals.get(kind, (0, 0))
                totals[kind] = (before[0] + count, before[1] + bad)
        for kind, (count, bad) in totals.items():
            waits.add_metric([kind], count)
            failed.add_metric([kind], bad)
        yield waits
        yield failed

    def describe(self) -> list[GaugeMetricFamily]:
        """Return nothing: what is collected needs no look at the file to be registered."""
        return []


def method_of(scope: Scope) -> str:
    """Return a request's method, if it is one of those that there are."""
    method = str(scope.get("method"))
    return method if method in {"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"} else "other"


def route_of(scope: Scope) -> str:
    """Return the template of the route that has taken a request; no part of its path."""
    return str(getattr(scope.get("route"), "path", "") or "other")
