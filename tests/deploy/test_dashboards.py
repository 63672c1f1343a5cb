"""Dashboards: what the script makes, of metrics that exist, in queries that parse."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from tests.deploy.metrics_of_code import known_series, own_metrics

ROOT = Path(__file__).parents[2]
GRAFANA = ROOT / "deploy" / "grafana"
DASHBOARDS = sorted((GRAFANA / "dashboards").glob("*.json"))
# Grafana puts a duration in its place.
_INTERVAL = "$__rate_interval"


def dashboard_queries() -> Iterator[tuple[str, str, str]]:
    """Yield every query of every panel: where it is, its PromQL, its legend."""
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text("utf-8"))["panels"]:
            for target in panel.get("targets", ()):
                where = f"{path.stem}: {panel['title']}"
                yield where, target["expr"].replace(_INTERVAL, "1m"), target["legendFormat"]


def alert_queries() -> Iterator[tuple[str, str, str]]:
    """Yield the expression of every alert, with what its texts name."""
    rules = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text("utf-8"))
    for group in rules["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"], " ".join(rule["annotations"].values())


QUERIES = [*dashboard_queries(), *alert_queries()]
IDS = [f"{where}-{number}" for number, (where, _, _) in enumerate(QUERIES)]


def selectors(node: Any) -> Iterator[promql_parser.VectorSelector]:
    """Yield every selector in a parsed query: all of ours have names."""
    found: list[promql_parser.VectorSelector] = []

    def look(part: Any) -> bool:
        if isinstance(part, promql_parser.VectorSelector):
            found.append(part)
        return True

    promql_parser.walk(node, look)
    yield from found


def test_there_is_something_to_check() -> None:
    assert len(DASHBOARDS) == 5
    assert len(QUERIES) > 60


def test_the_dashboards_are_those_that_the_script_writes(tmp_path: Path) -> None:
    script = [sys.executable, str(ROOT / "scripts" / "dashboards.py"), "--check"]
    checked = subprocess.run(script, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize(("where", "query", "legend"), QUERIES, ids=IDS)
def test_a_query_parses_and_asks_for_what_the_code_measures(where: str, query: str, legend: str) -> None:
    known = known_series()
    asked = list(selectors(promql_parser.parse(query)))
    assert asked or "vector" in query
    for selector in asked:
        name = selector.name or ""
        assert name in known, f"{where}: nothing is called {name}"
        for matcher in selector.matchers.matchers:
            assert matcher.name in known[name], f"{where}: {name} has no {matcher.name}"


@pytest.mark.parametrize(("where", "query", "legend"), QUERIES, ids=IDS)
def test_a_legend_names_only_labels_that_the_query_keeps(where: str, query: str, legend: str) -> None:
    named = set(re.findall(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}", legend))
    kept = {label.strip() for labels in re.findall(r"by \(([^)]*)\)", query) for label in labels.split(",")}
    if not kept:
        kept = set.union(
            *(known_series()[selector.name or ""] for selector in selectors(promql_parser.parse(query)))
        )
    assert named <= kept, f"{where}: {named - kept}"


def test_a_panel_never_lies_under_another() -> None:
    for path in DASHBOARDS:
        taken: set[tuple[int, int]] = set()
        for panel in json.loads(path.read_text("utf-8"))["panels"]:
            place = panel["gridPos"]
            cells = {
                (x, y)
                for x in range(place["x"], place["x"] + place["w"])
                for y in range(place["y"], place["y"] + place["h"])
            }
            assert not cells & taken, f"{path.stem}: {panel['title']}"
            assert max(x for x, _ in cells) < 24
            taken |= cells


def test_grafana_finds_its_source_and_its_dashboards() -> None:
    provisioning = GRAFANA / "provisioning"
    source = yaml.safe_load((provisioning / "datasources/prometheus.yml").read_text("utf-8"))["datasources"][
        0
    ]
    text = "".join(path.read_text("utf-8") for path in DASHBOARDS)
    assert set(re.findall(r'"uid": "(vitte-prometheus|[^"]*datasource[^"]*)"', text)) == {source["uid"]}
    provider = yaml.safe_load((provisioning / "dashboards/vitte.yml").read_text("utf-8"))["providers"][0]
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    mounts = compose["services"]["grafana"]["volumes"]
    assert f"./deploy/grafana/dashboards:{provider['options']['path']}:ro" in mounts


def test_every_metric_is_explained_and_every_explained_metric_exists() -> None:
    text = (ROOT / "docs/logs-and-metrics.md").read_text("utf-8").partition("## Metrics")[2]
    explained = {
        match[1]: set(filter(None, (match[2] or "").split(",")))
        for match in re.finditer(r"`((?:vitte|process)_\w+)(?:\{([\w,]+)\})?`", text)
    }
    bases: dict[str, set[str]] = {}
    for name, labels in own_metrics().items():
        if name.startswith("vitte_") and not name.endswith(("_bucket", "_sum")):
            bases[re.sub(r"_seconds_count$", "_seconds", name)] = labels - {"le"}
    ours = {name: labels for name, labels in explained.items() if name.startswith("vitte_")}
    assert ours == bases
