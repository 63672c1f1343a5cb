"""Settings: where they come from, and what is refused."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from vitte.core.settings import Settings, SettingsError, load_settings
from vitte.core.settings.example import env_text
from vitte.core.settings.reference import reference_text
from vitte.core.settings.root import Process
from vitte.main.cli import cli

NASTY = 'p@ss!#%:/$"'


@pytest.fixture(autouse=True)
def no_env_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VITTE_ENV_FILE", "")
    monkeypatch.chdir(tmp_path)


def test_a_variable_sets_its_field_and_any_password_arrives_unharmed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITTE_DATABASE__PASSWORD", NASTY)
    monkeypatch.setenv("VITTE_DATABASE__POOL_SIZE", "7")
    settings = load_settings()
    assert settings.database.password.get_secret_value() == NASTY
    assert settings.database.pool_size == 7


@pytest.mark.parametrize(
    ("process", "named"),
    [
        ("bot", ["VITTE_TELEGRAM__TOKEN", "VITTE_DATABASE__PASSWORD"]),
        ("admin", ["VITTE_ADMIN__PASSWORD", "VITTE_ADMIN__SECRET_KEY"]),
        ("migrations", ["VITTE_DATABASE__PASSWORD"]),
    ],
)
@pytest.mark.parametrize("value", ["", "change-me", "CHANGE-ME-please"])
def test_production_refuses_to_start_without_secrets_and_names_them(
    monkeypatch: pytest.MonkeyPatch, process: Process, named: list[str], value: str
) -> None:
    for name in named:
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refusal:
        load_settings(process)
    for name in named:
        assert name in str(refusal.value)


def test_production_refuses_a_placeholder_that_needs_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITTE_DATABASE__PASSWORD", "good")
    monkeypatch.setenv("VITTE_REDIS__PASSWORD", "change-me")
    with pytest.raises(SettingsError, match="VITTE_REDIS__PASSWORD still holds its placeholder"):
        load_settings("api")


def test_a_laptop_may_start_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITTE_ENVIRONMENT", "development")
    assert load_settings("admin").environment == "development"


def test_a_wrong_value_is_named_but_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITTE_API__PORT", "secret-looking")
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    assert "VITTE_API__PORT" in str(refusal.value)
    assert "secret-looking" not in str(refusal.value)


def test_the_webhook_mode_asks_for_its_address_and_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITTE_TELEGRAM__MODE", "webhook")
    with pytest.raises(SettingsError, match="VITTE_TELEGRAM__WEBHOOK_URL"):
        load_settings()


def test_limits_that_would_run_a_job_twice_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITTE_WORKER__VISIBILITY_TIMEOUT", "100")
    with pytest.raises(SettingsError, match="visibility_timeout"):
        load_settings()


def test_init_writes_secrets_that_nobody_else_can_read_or_guess(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first, second = tmp_path / "first.env", tmp_path / "second.env"
    for path in (first, second):
        result = CliRunner().invoke(cli, ["init", "--file", str(path)])
        assert result.exit_code == 0, result.output
        assert path.stat().st_mode & 0o077 == 0
    monkeypatch.setenv("VITTE_ENV_FILE", str(first))
    one = load_settings("admin")
    monkeypatch.setenv("VITTE_ENV_FILE", str(second))
    other = load_settings("admin")
    assert one.admin.password != other.admin.password
    assert one.database.password != one.redis.password
    with pytest.raises(SettingsError, match="VITTE_TELEGRAM__TOKEN still holds its placeholder"):
        load_settings("bot")


def test_init_does_not_overwrite_the_owners_file_unasked(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("MINE=1")
    result = CliRunner().invoke(cli, ["init"])
    assert result.exit_code == 1
    assert "--force" in result.output
    assert path.read_text() == "MINE=1"


def test_the_example_file_shows_every_setting_as_it_is(pytestconfig: pytest.Config) -> None:
    assert (pytestconfig.rootpath / ".env.example").read_text("utf-8") == env_text(), (
        "run scripts/reference.py"
    )


def test_the_reference_lists_every_setting_as_it_is(pytestconfig: pytest.Config) -> None:
    page = (pytestconfig.rootpath / "docs/configuration.md").read_text("utf-8")
    listed = page.partition("## Every setting\n")[2]
    assert listed == f"{reference_text()}\n", "run scripts/reference.py"
    variables = [
        line.split("=")[0].removeprefix("# ") for line in env_text().splitlines() if "VITTE_" in line[:8]
    ]
    assert all(f"`{name}`" in listed for name in variables if name != "VITTE_ENVIRONMENT")


def test_what_the_example_shows_in_comments_is_the_default(tmp_path: Path) -> None:
    path = tmp_path / "all.env"
    settings_lines = [line for line in env_text().splitlines() if line.startswith("# VITTE_")]
    path.write_text("\n".join(line.removeprefix("# ") for line in settings_lines))
    assert len(settings_lines) > 30
    assert Settings(_env_file=path) == Settings()
