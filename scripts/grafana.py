"""Grafana's JSON of a dashboard, from a description that can be read."""

from dataclasses import dataclass, field
from typing import Any, Literal

DATASOURCE = {"type": "prometheus", "uid": "vitte-prometheus"}
_WIDTH = 24
_HEIGHTS = {"stat": 4, "timeseries": 8}


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One picture: `queries` are PromQL by legend, which may name labels as `{{model}}`.

    `unit` is one of Grafana's. `bad` is the value from which on it is shown in red, or down to which if
    `bad_below`.
    """

    title: str
    queries: dict[str, str]
    unit: str = "short"
    kind: Literal["timeseries", "stat"] = "timeseries"
    help: str = ""
    width: int = 8
    stacked: bool = False
    bad: float | None = None
    bad_below: bool = False
    most: float | None = None


@dataclass(frozen=True, kw_only=True)
class Dashboard:
    """A page of panels in rows, each under its title."""

    uid: str
    title: str
    help: str
    rows: dict[str, list[Panel]] = field(default_factory=dict)


def render(dashboard: Dashboard) -> dict[str, Any]:
    """Return what Grafana reads."""
    panels: list[dict[str, Any]] = []
    top = 0
    for title, row in dashboard.rows.items():
        panels.append(_row(title, number=len(panels) + 1, top=top))
        top += 1
        left, tallest = 0, 0
        for panel in row:
            if left + panel.width > _WIDTH:
                left, top, tallest = 0, top + tallest, 0
            height = _HEIGHTS[panel.kind]
            place = {"h": height, "w": panel.width, "x": left, "y": top}
            panels.append(_panel(panel, number=len(panels) + 1, place=place))
            left, tallest = left + panel.width, max(tallest, height)
        top += tallest
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.help,
        "tags": ["vitte"],
        "timezone": "browser",
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "schemaVersion": 39,
        "time": {"from": "now-6h", "to": "now"},
        "links": [
            {"type": "dashboards", "title": "Vitte", "tags": ["vitte"], "asDropdown": False, "keepTime": True}
        ],
        "panels": panels,
    }


def _row(title: str, *, number: int, top: int) -> dict[str, Any]:
    place = {"h": 1, "w": _WIDTH, "x": 0, "y": top}
    return {"id": number, "type": "row", "title": title, "collapsed": False, "gridPos": place, "panels": []}


def _panel(panel: Panel, *, number: int, place: dict[str, int]) -> dict[str, Any]:
    is_stat = panel.kind == "stat"
    custom = (
        {}
        if is_stat
        else {
            "drawStyle": "line",
            "lineWidth": 1,
            "fillOpacity": 25 if panel.stacked else 10,
            "showPoints": "never",
            "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
        }
    )
    defaults: dict[str, Any] = {
        "unit": panel.unit,
        "min": 0,
        "thresholds": _thresholds(panel),
        "custom": custom,
    }
    if panel.most is not None:
        defaults["max"] = panel.most
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.help,
        "datasource": DATASOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": _stat_options() if is_stat else _timeseries_options(),
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": DATASOURCE,
                "expr": expression,
                "legendFormat": legend,
                "range": not is_stat,
                "instant": is_stat,
            }
            for index, (legend, expression) in enumerate(panel.queries.items())
        ],
    }


def _thresholds(panel: Panel) -> dict[str, Any]:
    first, then = ("red", "green") if panel.bad_below else ("green", "red")
    steps: list[dict[str, Any]] = [{"color": first if panel.bad is not None else "green", "value": None}]
    if panel.bad is not None:
        steps.append({"color": then, "value": panel.bad})
    return {"mode": "absolute", "steps": steps}


def _stat_options() -> dict[str, Any]:
    return {
        "colorMode": "value",
        "graphMode": "none",
        "textMode": "auto",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    }


def _timeseries_options() -> dict[str, Any]:
    return {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
