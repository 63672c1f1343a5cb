"""Growing: by a measure that says what it should, and never beyond what PostgreSQL admits."""

import re
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from tests.deploy.manifests import COMPONENT, ROOT, Manifests, containers, matches, render
from tests.deploy.metrics_of_code import known_series
from tests.deploy.test_alerts import run_promtool
from tests.deploy.test_dashboards import selectors
from vitte.core.settings import Settings

# What the operator adds to every target of a PodMonitor.
_OF_THE_OPERATOR = {"namespace"}
_OF_OTHERS = {"kube_cronjob_status_last_successful_time": {"namespace", "cronjob"}}


@pytest.fixture(scope="module")
def external(tmp_path_factory: pytest.TempPathFactory) -> Manifests:
    return render("external", tmp_path_factory.mktemp("external"))


def queries(manifests: Manifests) -> dict[str, str]:
    """Return every query that the cluster is to ask."""
    found = {
        item["metadata"]["name"]: item["spec"]["triggers"][0]["metadata"]["query"]
        for item in manifests.of_kind("ScaledObject")
    }
    for item in manifests.of_kind("PrometheusRule"):
        for group in item["spec"]["groups"]:
            found |= {rule["record"]: rule["expr"] for rule in group["rules"]}
    return found


def test_every_query_parses_and_names_metrics_that_there_are(external: Manifests) -> None:
    known = known_series() | _OF_OTHERS
    assert set(queries(external)) == {"bot", "worker", "vitte_backup_last_success_timestamp_seconds"}
    for name, query in queries(external).items():
        used = list(selectors(promql_parser.parse(query)))
        assert used, name
        for selector in used:
            assert selector.name in known, f"{name} names {selector.name}"
            labels = {matcher.name for matcher in selector.matchers.matchers}
            assert labels <= known[selector.name] | _OF_THE_OPERATOR, name
    # What it records has to be what the alerts and dashboards ask for.
    assert "vitte_backup_last_success_timestamp_seconds" in known


def test_of_several_workers_only_the_one_counts_that_measured_last(
    external: Manifests, tmp_path: Path
) -> None:
    series = {
        # The first saw people wait, long ago; the second has seen since that nobody does.
        'vitte_measured_timestamp_seconds{namespace="vitte",instance="a"}': "100x5",
        'vitte_inbox_oldest_seconds{namespace="vitte",instance="a"}': "90x5",
        'vitte_jobs_oldest_seconds{namespace="vitte",instance="a",queue="default"}': "900x5",
        'vitte_measured_timestamp_seconds{namespace="vitte",instance="b"}': "110x5",
        'vitte_inbox_oldest_seconds{namespace="vitte",instance="b"}': "3x5",
        'vitte_jobs_oldest_seconds{namespace="vitte",instance="b",queue="default"}': "7x5",
    }
    # Another Vitte of the same cluster, which is none of ours.
    series |= {name.replace('"vitte"', '"other"').replace('"a"', '"c"'): "500x5" for name in list(series)[:3]}
    test: dict[str, Any] = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": queries(external)[name],
                "eval_time": "3m",
                "exp_samples": [{"labels": "{}", "value": value}],
            }
            for name, value in (("bot", 3), ("worker", 7))
        ],
    }
    (tmp_path / "test.yml").write_text(yaml.safe_dump({"tests": [test]}))
    assert "SUCCESS" in run_promtool("test", "rules", tmp_path / "test.yml")


def test_growing_is_bounded_both_ways_and_left_to_one_hand(external: Manifests) -> None:
    scaled = {
        item["spec"]["scaleTargetRef"]["name"]: item["spec"] for item in external.of_kind("ScaledObject")
    }
    assert set(scaled) == {"bot", "worker"}
    for name, spec in scaled.items():
        # A number of our own would undo at every upgrade what KEDA has found right.
        assert "replicas" not in external.one("Deployment", name)["spec"]
        assert 1 <= spec["minReplicaCount"] <= spec["fallback"]["replicas"] < spec["maxReplicaCount"]
        # No schema is at hand: https://keda.sh/docs/2.17/reference/scaledobject-spec/
        assert set(spec) == {
            *("scaleTargetRef", "minReplicaCount", "maxReplicaCount", "pollingInterval"),
            *("fallback", "advanced", "triggers"),
        }
        assert spec["fallback"]["behavior"] == "currentReplicasIfHigher"
        [trigger] = spec["triggers"]
        assert set(trigger["metadata"]) == {"serverAddress", "query", "threshold", "ignoreNullValues"}
        behavior = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
        assert set(behavior) == {"scaleUp", "scaleDown"}
        assert (trigger["type"], trigger["metricType"]) == ("prometheus", "AverageValue")
        assert float(trigger["metadata"]["threshold"]) > 0
        # No measurement is no zero.
        assert trigger["metadata"]["ignoreNullValues"] == "false"


def test_prometheus_finds_every_process_under_the_name_that_alerts_know(external: Manifests) -> None:
    [monitor] = external.of_kind("PodMonitor")
    assert monitor["spec"]["jobLabel"] == COMPONENT
    [endpoint] = monitor["spec"]["podMetricsEndpoints"]
    found = {
        template["metadata"]["labels"][COMPONENT]: template["spec"]
        for template in external.templates()
        if matches(monitor["spec"]["selector"], template["metadata"]["labels"])
    }
    assert set(found) == {"bot", "api", "worker", "beat", "admin"}
    for pod in found.values():
        assert endpoint["port"] in {port["name"] for port in pod["containers"][0]["ports"]}


def connections(manifests: Manifests) -> int:
    """Return how many connections to PostgreSQL there may be in the middle of an upgrade."""
    most = {
        item["spec"]["scaleTargetRef"]["name"]: item["spec"]["maxReplicaCount"]
        for item in manifests.objects
        if item["kind"] == "ScaledObject"
    }
    defaults = Settings()
    total = 0
    for deployment in manifests.of_kind("Deployment"):
        process, spec = deployment["metadata"]["name"], deployment["spec"]
        pod = spec["template"]["spec"]
        given = manifests.environment(pod, pod["containers"][0])
        if process == "beat":
            pool = 0
        else:
            database = defaults.database
            pool = int(given.get("VITTE_DATABASE__POOL_SIZE", database.pool_size)) + database.max_overflow
            assert "VITTE_DATABASE__MAX_OVERFLOW" not in given
        if process == "bot":
            pool += 1  # hears notifications
        if process == "worker":
            pool *= int(given["VITTE_WORKER__CONCURRENCY"])
        if process == "api":
            pool *= int(given.get("VITTE_API__WORKERS", defaults.api.workers))
        # One more pod while another takes over, and its migrations before it has a pool.
        surge = spec["strategy"].get("rollingUpdate", {}).get("maxSurge", 0)
        total += (most.get(process, spec.get("replicas", 1)) + surge) * max(pool, 1)
        assert containers(pod)[0]["name"] == "migrations"
    # A backup: its own connection, and pg_dump's.
    return total + 2 * ("backup" in manifests.pods())


def test_what_is_small_fits_its_postgresql_and_what_grows_fits_what_is_written(
    external: Manifests, tmp_path: Path
) -> None:
    settings = (ROOT / "deploy/postgres/postgresql.conf").read_text()
    admitted, reserved = (
        int(re.findall(rf"^{name} = (\d+)", settings, re.MULTILINE)[0])
        for name in ("max_connections", "superuser_reserved_connections")
    )
    assert connections(render("small", tmp_path)) <= admitted - reserved
    page = (ROOT / "docs/scaling.md").read_text("utf-8")
    [written] = re.findall(r"`max_connections = (\d+)`", page)
    assert connections(external) <= int(written) - reserved < connections(external) * 1.2
