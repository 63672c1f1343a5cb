"""The charts in docs show what was measured, and nothing else."""

import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("name", ["growth_chart", "cost_chart"])
def test_the_chart_shows_the_figures_that_were_measured(name: str) -> None:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    figures = json.loads(script.FIGURES.read_text("utf-8"))
    assert script.CHART.read_text("utf-8") == script.chart_text(figures)
