"""Settings: where they come from, and what is refused."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import SecretStr

from vitte.core.settings import Settings, SettingsError, load_settings
from vitte.core.settings.endpoints import endpoint_address, without_call
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


def test_a_setting_may_come_as_a_file_and_any_character_arrives(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for ending in ("", "\n"):
        (tmp_path / "password").write_text(f" {NASTY}\\ ключ\r{ending}", "utf-8", newline="")
        monkeypatch.setenv("VITTE_DATABASE__PASSWORD_FILE", str(tmp_path / "password"))
        assert load_settings().database.password.get_secret_value() == f" {NASTY}\\ ключ\r"


def test_every_kind_of_setting_may_come_as_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in {
        "ENVIRONMENT": "test",
        "API__PORT": "81",
        "LLM__FALLBACKS": '[{"base_url": "http://second/v1", "model": "small"}]',
    }.items():
        (tmp_path / name).write_text(value)
        monkeypatch.setenv(f"VITTE_{name}_FILE", str(tmp_path / name))
    settings = load_settings()
    assert (settings.environment, settings.api.port) == ("test", 81)
    assert settings.llm.fallbacks[0]["model"] == "small"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("https://api.example.org", "https://api.example.org/v1"),
        ("https://api.example.org/", "https://api.example.org/v1"),
        (" http://127.0.0.1:11434 ", "http://127.0.0.1:11434/v1"),
        ("https://api.example.org/v1", "https://api.example.org/v1"),
        ("https://api.example.org/v1//", "https://api.example.org/v1"),
        ("https://api.example.org/v1/chat/completions/", "https://api.example.org/v1"),
        ("https://api.example.org/v1/embeddings", "https://api.example.org/v1"),
        ("https://api.example.org/api/v1/models", "https://api.example.org/api/v1"),
        # What the owner gave is kept, though it looks unusual.
        ("https://api.example.org/openai", "https://api.example.org/openai"),
        ("https://api.example.org/chat/completions", "https://api.example.org/chat/completions"),
    ],
)
def test_the_address_of_a_model_works_however_the_owner_writes_it(written: str, read: str) -> None:
    assert endpoint_address(written) == read
    # Settings are handed on from process to process.
    assert endpoint_address(read) == read
    assert not without_call(read).endswith("completions")


@pytest.mark.parametrize(
    "written", ["api.example.org/v1", "", "https://", "https://example.org/v1?api-version=1"]
)
def test_an_address_that_is_none_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    monkeypatch.setenv("VITTE_LLM__BASE_URL", written)
    with pytest.raises(SettingsError, match="VITTE_LLM__BASE_URL"):
        load_settings()


def test_providers_come_by_name_and_their_mistakes_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    providers = '{"far": {"base_url": "https://example.org", "api_key": "change-me", "concurrency": 3}}'
    monkeypatch.setenv("VITTE_LLM__PROVIDERS", providers)
    monkeypatch.setenv("VITTE_LLM__FALLBACKS", '[{"provider": "far", "model": "m"}]')
    settings = load_settings()
    assert settings.llm.providers["far"].base_url == "https://example.org/v1"
    settings.telegram.token = settings.database.password = SecretStr("set")
    with pytest.raises(SettingsError, match=r"VITTE_LLM__PROVIDERS still holds a placeholder for far"):
        settings.check_secrets("bot")
    monkeypatch.setenv("VITTE_LLM__FALLBACKS", '[{"provider": "lost", "model": "m"}]')
    with pytest.raises(SettingsError, match="the provider lost"):
        load_settings()
    monkeypatch.delenv("VITTE_LLM__FALLBACKS")
    monkeypatch.setenv("VITTE_LLM__PROVIDERS", '{"default": {"base_url": "https://example.org"}}')
    with pytest.raises(SettingsError, match="default"):
        load_settings()


def test_the_env_file_may_name_files_too_and_the_environment_wins_over_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("from a file")
    (tmp_path / "my.env").write_text(f"VITTE_REDIS__PASSWORD_FILE={tmp_path / 'password'}")
    monkeypatch.setenv("VITTE_ENV_FILE", str(tmp_path / "my.env"))
    assert load_settings().redis.password.get_secret_value() == "from a file"
    monkeypatch.setenv("VITTE_REDIS__PASSWORD", "from the environment")
    assert load_settings().redis.password.get_secret_value() == "from the environment"


def test_files_that_cannot_be_read_are_named_with_their_variables(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    monkeypatch.setenv("VITTE_DATABASE__PASSWORD_FILE", str(tmp_path / "missing"))
    monkeypatch.setenv("VITTE_REDIS__PASSWORD_FILE", str(tmp_path / "binary"))
    monkeypatch.setenv("VITTE_ADMIN__PASSWORD_FILE", str(tmp_path))
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    for variable, path in (("DATABASE", "missing"), ("REDIS", "binary"), ("ADMIN", "")):
        assert f"VITTE_{variable}__PASSWORD_FILE: " in str(refusal.value)
        assert str(tmp_path / path) in str(refusal.value)


def test_a_setting_given_twice_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret in a file")
    monkeypatch.setenv("VITTE_DATABASE__PASSWORD", "secret in the environment")
    monkeypatch.setenv("VITTE_DATABASE__PASSWORD_FILE", str(tmp_path / "password"))
    with pytest.raises(SettingsError, match="VITTE_DATABASE__PASSWORD_FILE are both given") as refusal:
        load_settings()
    assert "secret in" not in str(refusal.value)


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


def test_the_key_of_a_bucket_is_asked_of_those_who_use_it_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITTE_DATABASE__PASSWORD", "x")
    monkeypatch.setenv("VITTE_BACKUP__S3_URL", "http://s3:8333")
    with pytest.raises(SettingsError, match="s3_bucket and s3_access_key"):
        load_settings("worker")
    monkeypatch.setenv("VITTE_BACKUP__S3_BUCKET", "vitte")
    monkeypatch.setenv("VITTE_BACKUP__S3_ACCESS_KEY", "vitte")
    assert load_settings("worker").backup.s3_url
    with pytest.raises(SettingsError, match="VITTE_BACKUP__S3_SECRET_KEY is not set"):
        load_settings("backup")


def test_where_a_certificate_is_looked_at_is_a_host_and_a_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITTE_BEAT__CERTIFICATE_AT", "https://bot.example.org")
    with pytest.raises(SettingsError, match="VITTE_BEAT__CERTIFICATE_AT"):
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


def test_init_writes_what_compose_needs_and_keeps_what_is_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "redis_password").write_text("mine")
    result = CliRunner().invoke(cli, ["init", "--compose"])
    assert result.exit_code == 0, result.output
    assert "telegram_token" in result.output
    assert folder.stat().st_mode & 0o777 == 0o700
    before = {path: path.read_text() for path in (*folder.iterdir(), tmp_path / ".env")}
    assert before[folder / "redis_password"] == "mine"
    assert before[folder / "database_password"] != before[folder / "postgres_password"]
    assert all(text in result.output for text in ("database_password", "Wrote .env"))

    result = CliRunner().invoke(cli, ["init", "--compose"])
    assert result.exit_code == 0, result.output
    assert "there already" in result.output
    assert {path: path.read_text() for path in before} == before

    for path in folder.iterdir():
        section, _, name = path.name.partition("_")
        monkeypatch.setenv(f"VITTE_{section.upper()}__{name.upper()}_FILE", str(path))
    assert load_settings("admin").redis.password.get_secret_value() == "mine"
    with pytest.raises(SettingsError, match="VITTE_TELEGRAM__TOKEN still holds its placeholder"):
        load_settings("bot")


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


@pytest.mark.parametrize(
    ("servers", "words"),
    [
        ('{"a": {}}', "either a url or a command"),
        ('{"a": {"url": "http://x", "command": "y"}}', "either a url or a command"),
        ('{"a__b": {"url": "http://x"}}', "letters, digits or hyphens"),
        ('{"a": {"command": "y", "headers": {"K": "hunter2"}}}', "headers belong to a url"),
        ('{"a": {"command": "y", "evn": {"K": "hunter2"}}}', "evn"),
    ],
)
def test_a_wrong_entry_of_an_mcp_server_is_named_and_its_secrets_are_not(
    monkeypatch: pytest.MonkeyPatch, servers: str, words: str
) -> None:
    monkeypatch.setenv("VITTE_TOOLS__MCP_SERVERS", servers)
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    assert "VITTE_TOOLS__MCP_SERVERS" in str(refusal.value)
    assert words.lower() in str(refusal.value).lower()
    assert "hunter2" not in str(refusal.value)


def test_an_mcp_servers_secrets_arrive_and_are_shown_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    servers = '{"notes": {"url": "https://example.org/mcp", "headers": {"Authorization": "Bearer hunter2"}}}'
    monkeypatch.setenv("VITTE_TOOLS__MCP_SERVERS", servers)
    notes = load_settings().tools.mcp_servers["notes"]
    assert notes.headers["Authorization"].get_secret_value() == "Bearer hunter2"
    assert "hunter2" not in repr(load_settings())


def test_a_search_without_a_place_for_the_words_and_an_unknown_zone_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VITTE_TOOLS__SEARCH_URL", "https://example.org/search")
    monkeypatch.setenv("VITTE_TOOLS__TIMEZONE", "Mars/Olympus")
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    assert "VITTE_TOOLS__SEARCH_URL" in str(refusal.value)
    assert "VITTE_TOOLS__TIMEZONE" in str(refusal.value)
