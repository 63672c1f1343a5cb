"""How far the pools of connections are used."""

from collections.abc import Iterator
from weakref import WeakKeyDictionary

from prometheus_client import REGISTRY, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.pool import QueuePool


class PoolCollector(Collector):
    """Looks into the pools of this process whenever it is asked."""

    def __init__(self) -> None:
        self._limits: WeakKeyDictionary[QueuePool, int] = WeakKeyDictionary()

    def add(self, pool: QueuePool, *, limit: int) -> None:
        """Watch a pool, which may hold up to `limit` connections, for as long as it lives."""
        self._limits[pool] = limit

    def collect(self) -> Iterator[Metric]:
        """Count now."""
        connections = GaugeMetricFamily(
            "vitte_database_connections",
            "Connections to PostgreSQL: in use, kept for the next, and how many there may be.",
            labels=["state"],
        )
        limits = dict(self._limits)
        connections.add_metric(["in_use"], sum(pool.checkedout() for pool in limits))
        connections.add_metric(["idle"], sum(pool.checkedin() for pool in limits))
        connections.add_metric(["limit"], sum(limits.values()))
        yield connections


POOLS = PoolCollector()
REGISTRY.register(POOLS)
