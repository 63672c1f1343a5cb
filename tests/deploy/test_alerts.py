"""Alerts: Prometheus accepts them, each fires when it should, and each says what to do."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import IN_CI
from vitte.core.settings import Settings

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "prometheus"


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def alerts() -> dict[str, Any]:
    return {rule["alert"]: rule for group in load(FOLDER / "alerts.yml")["groups"] for rule in group["rules"]}


def run_promtool(*arguments: str | Path) -> str:
    """Run promtool; without one the test is skipped, in CI it fails."""
    program = shutil.which("promtool")
    if program is None and IN_CI:
        pytest.fail("promtool is missing: apt install prometheus")
    if program is None:
        pytest.skip("no promtool on this machine")
    ended = subprocess.run([program, *arguments], cwd=FOLDER, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_every_alert_is_quiet_when_all_is_well_and_fires_when_it_is_not() -> None:
    assert "SUCCESS" in run_promtool("test", "rules", "alerts_test.yml")


def test_no_alert_goes_untested() -> None:
    quiet: set[str] = set()
    firing: set[str] = set()
    for test in load(FOLDER / "alerts_test.yml")["tests"]:
        for case in test["alert_rule_test"]:
            (firing if case["exp_alerts"] else quiet).add(case["alertname"])
    assert quiet == firing == set(alerts())


def test_prometheus_accepts_its_settings(tmp_path: Path) -> None:
    text = (FOLDER / "prometheus.yml").read_text("utf-8")
    rules = str(FOLDER / "alerts.yml")
    assert "/etc/prometheus/alerts.yml" in text
    (tmp_path / "prometheus.yml").write_text(text.replace("/etc/prometheus/alerts.yml", rules))
    run_promtool("check", "config", tmp_path / "prometheus.yml")


def test_prometheus_looks_where_the_processes_listen() -> None:
    settings = Settings()
    listening = {
        "bot": settings.bot.port,
        "api": settings.api.port,
        "worker": settings.worker.metrics_port,
        "beat": settings.beat.port,
        "admin": settings.admin.port,
        "backup": settings.backup.port,
    }
    looked_at = {
        job["job_name"]: (job["dns_sd_configs"][0]["names"], job["dns_sd_configs"][0]["port"])
        for job in load(FOLDER / "prometheus.yml")["scrape_configs"]
        if "dns_sd_configs" in job
    }
    for name, port in listening.items():
        assert looked_at[name] == ([name], port)


def test_every_alert_says_how_bad_it_is_and_what_it_means() -> None:
    for name, rule in alerts().items():
        assert rule["labels"]["severity"] in {"critical", "warning"}, name
        assert len(rule["annotations"]["summary"]) > 10, name
        assert rule["annotations"]["description"].endswith("."), name


def test_every_alert_has_its_page_that_says_what_to_do() -> None:
    page = (ROOT / "docs/operations.md").read_text("utf-8").partition("## When an alert comes")[2]
    chapters = dict(zip(*[iter(re.split(r"^### (\w+)\n", page, flags=re.MULTILINE)[1:])] * 2, strict=True))
    assert list(chapters) == list(alerts())
    for name, chapter in chapters.items():
        assert len(chapter.split()) > 15, name


def test_the_pages_name_only_settings_and_alerts_that_exist() -> None:
    page = (ROOT / "docs/operations.md").read_text("utf-8")
    known = set(re.findall(r"VITTE_\w+", (ROOT / "docs/configuration.md").read_text("utf-8")))
    assert set(re.findall(r"VITTE_\w+[A-Z]", page)) <= known
    mentioned = set(re.findall(r"(?:see|See|as for|As for) ([A-Z]\w+)", page))
    assert mentioned <= set(alerts())
