"""What the parts of the demo are told: the demo's own settings, the user's AI and bot."""

from collections.abc import Mapping

import pytest

from vitte.core.settings import Settings, load_settings
from vitte.embedded.ollama import Ollama
from vitte.main.demo.environment import DemoEnvironment, demo_environment
from vitte.main.demo.home import DemoSecrets
from vitte.main.demo.ports import DemoPorts

SECRETS = DemoSecrets(
    database_password='p@ss!#%:/$"',
    redis_password="r",
    admin_password="a",
    admin_secret_key="k",
    webhook_secret="w",
)
REAL_TOKEN = "123456789:" + "A" * 35


def made_from(user: Mapping[str, str], ollama: Ollama | None = None) -> DemoEnvironment:
    return demo_environment(user, ports=DemoPorts(9000), secrets=SECRETS, find=lambda: ollama)


def as_settings(environment: DemoEnvironment, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in environment.variables.items():
        monkeypatch.setenv(name, value)
    return load_settings("bot")


def test_every_process_finds_the_embedded_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = as_settings(made_from({}), monkeypatch)
    assert (settings.database.port, settings.redis.port) == (9007, 9008)
    assert settings.database.password.get_secret_value() == 'p@ss!#%:/$"'
    assert settings.redis.password.get_secret_value() == "r"
    assert settings.telegram.api_url == "http://127.0.0.1:9000"
    assert settings.llm.base_url == "http://127.0.0.1:9006/v1"
    assert {settings.admin.port, settings.api.port, settings.bot.port} == {9001, 9002, 9003}
    assert settings.admin.password.get_secret_value() == "a"
    assert settings.environment == "development"


def test_the_users_other_variables_reach_the_parts_but_not_their_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    user = {"PATH": "/bin", "VITTE_LOG__LEVEL": "DEBUG", "VITTE_DATABASE__HOST": "production.example.org"}
    environment = made_from(user)
    assert environment.variables["PATH"] == "/bin"
    settings = as_settings(environment, monkeypatch)
    assert settings.log.level == "DEBUG"
    assert settings.database.host == "127.0.0.1"


def test_the_users_own_ai_is_used_instead_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    user = {
        "VITTE_LLM__BASE_URL": "https://ai.example.org/v1",
        "VITTE_LLM__MODEL": "large",
        "VITTE_LLM__API_KEY": "key",
    }
    environment = made_from(user, Ollama("http://127.0.0.1:11434/v1", ("small",)))
    assert not environment.local_llm
    settings = as_settings(environment, monkeypatch)
    assert (settings.llm.base_url, settings.llm.model) == ("https://ai.example.org/v1", "large")
    assert settings.llm.api_key.get_secret_value() == "key"
    assert settings.llm.max_tokens == 1024  # the limits of the tiny model are not for it


def test_an_ollama_on_this_machine_is_used_unless_refused() -> None:
    ollama = Ollama("http://127.0.0.1:11434/v1", ("qwen3:4b", "other"))
    found = made_from({}, ollama)
    assert not found.local_llm
    assert found.variables["VITTE_LLM__MODEL"] == "qwen3:4b"
    assert found.variables["VITTE_LLM__BASE_URL"] == ollama.base_url
    assert made_from({"VITTE_DEMO_LLM": "local"}, ollama).local_llm
    assert made_from({}, Ollama(ollama.base_url, ())).local_llm


@pytest.mark.parametrize("token", ["", "42:TEST", "not a token", REAL_TOKEN + "!"])
def test_only_a_real_token_leaves_the_sandbox(token: str) -> None:
    environment = made_from({"VITTE_TELEGRAM__TOKEN": token, "VITTE_TELEGRAM__API_URL": "http://10.0.0.1"})
    assert not environment.real_telegram
    assert environment.variables["VITTE_TELEGRAM__TOKEN"] == "42:DEMO"
    assert environment.variables["VITTE_TELEGRAM__API_URL"] == "http://127.0.0.1:9000"


def test_a_real_token_goes_to_the_real_telegram() -> None:
    environment = made_from({"VITTE_TELEGRAM__TOKEN": REAL_TOKEN})
    assert environment.real_telegram
    assert environment.variables["VITTE_TELEGRAM__TOKEN"] == REAL_TOKEN
    assert "VITTE_TELEGRAM__API_URL" not in environment.variables
