"""The product in containers, as its owner starts it: with `docker compose` and nothing else."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from vitte.embedded.ports import free_port

ROOT = Path(__file__).parents[2]
PROJECT = "vitte-test"
PASSWORD = 'p@ss!#%:/$"'
"""Breaks whoever builds URLs, ini files, SQL or shell lines by hand; each secret has it, with its name."""
SECRETS = {
    "postgres_password": f"postgres {PASSWORD}'\\",
    "database_password": f"database {PASSWORD}'\\",
    "redis_password": f"redis {PASSWORD}'\\",
    "admin_password": f"admin {PASSWORD}'\\",
    "admin_secret_key": f"key {PASSWORD}'\\",
    "llm_api_key": f"llm-{PASSWORD}'\\",
    "grafana_admin_password": f"grafana {PASSWORD}'\\",
    "postgres_exporter_password": f"exporter {PASSWORD}'\\",
    "s3_secret_key": f"s3 {PASSWORD}'\\",
    # None: backups are not encrypted.
    "backup_identity": "",
    # Telegram itself allows no more than letters, digits, _ and - here.
    "telegram_webhook_secret": "webhook_secret-1",
    "telegram_token": "42:TEST",
}
OURS = ("bot", "api", "worker", "beat", "admin", "backup")
"""Those that are processes of Vitte; `migrations` ends."""
WATCHING = ("prometheus", "alertmanager", "grafana", "postgres-exporter", "redis-exporter")
SERVICES = ("postgres", "redis", *OURS, "nginx", *WATCHING)
"""Those of the product that run."""
OUTSIDE = ("telegram", "model")
"""What stands in for the outside world."""
LABEL = f"label=com.docker.compose.project={PROJECT}"
PATIENCE = 120.0
"""Seconds for a container to become healthy again."""


class Stack:
    """One project of Compose, with ports, secrets and settings of its own in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.certificates = folder / "certificates"
        self.http_port, self.https_port = free_port(), free_port()
        secrets = folder / "secrets"
        for made in (self.certificates, secrets):
            made.mkdir()
        for name, value in SECRETS.items():
            (secrets / name).write_text(f"{value}\n", "utf-8")
        settings = {
            "VITTE_DOMAIN": "vitte.test",
            "VITTE_TELEGRAM__MODE": "webhook",
            "VITTE_HTTP_PORT": self.http_port,
            "VITTE_HTTPS_PORT": self.https_port,
            "VITTE_SECRETS_DIR": secrets,
            "VITTE_CERTIFICATES_DIR": self.certificates,
            "VITTE_ENV_PATH": folder / "env",
            "VITTE_VERSION": "test",
            "COMPOSE_PROFILES": "exporters",
        }
        (folder / "env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        given = os.environ.get("COMPOSE_FILE", "compose.yaml")
        self._environment = {
            **os.environ,
            "COMPOSE_PROJECT_NAME": PROJECT,
            "COMPOSE_FILE": f"{given}:{ROOT / 'deploy/compose.test.yaml'}",
            "COMPOSE_ENV_FILES": str(folder / "env"),
        }
        # The owner's choice is in the file.
        self._environment.pop("COMPOSE_PROFILES", None)

    @property
    def https(self) -> str:
        """The address of nginx as people reach it."""
        return f"https://127.0.0.1:{self.https_port}"

    @property
    def http(self) -> str:
        """The same without TLS."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def telegram(self) -> str:
        """The address of the sandbox that plays Telegram."""
        return "http://" + self.compose("port", "telegram", "8081").strip()

    def run(self, *command: str | Path) -> str:
        """Run a command; return what it said. Raises AssertionError with that when it fails."""
        ended = subprocess.run(
            command, cwd=ROOT, env=self._environment, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, f"{command}: {ended.returncode}\n{ended.stdout}\n{ended.stderr}"
        return ended.stdout

    def compose(self, *arguments: str, **variables: str) -> str:
        """Run `docker compose`, with some variables other than those of the file."""
        changed = (f"{name}={value}" for name, value in variables.items())
        return self.run("env", *changed, "docker", "compose", *arguments)

    def start(self, *command: str) -> "subprocess.Popen[str]":
        """Begin a command whose end is not waited for."""
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def container(self, service: str) -> dict[str, Any]:
        """Return what `docker inspect` says of the container of a service."""
        container_id = self.compose("ps", "--all", "--quiet", service).strip()
        [found] = json.loads(self.run("docker", "inspect", container_id))
        inspected: dict[str, Any] = found
        return inspected

    def execute(self, service: str, *command: str) -> str:
        """Run a command in the container of a service."""
        return self.compose("exec", "--no-TTY", service, *command)

    def query(self, sql: str) -> str:
        """Ask the database as its superuser; return rows of values with | between them."""
        return self.execute("postgres", "psql", "-U", "postgres", "-At", "-d", "vitte", "-c", sql).strip()

    def logs(self, service: str) -> str:
        """Return all that a service has logged."""
        return self.compose("logs", "--no-color", "--no-log-prefix", service)

    def kill(self, service: str) -> None:
        """Kill the main process of a service. `docker kill` would count as the owner's wish, and stay."""
        pid = self.container(service)["State"]["Pid"]
        self.run(
            *("docker", "run", "--rm", "--network=none", "--pid=host", "--user=0", "--entrypoint=python"),
            *("vitte:test", "-c", f"import os; os.kill({pid}, 9)"),
        )

    def left_over(self) -> dict[str, list[str]]:
        """Return the containers, networks and volumes that there are of this project."""
        return {
            "containers": self.run("docker", "ps", "--all", "--quiet", "--filter", LABEL).split(),
            "networks": self.run("docker", "network", "ls", "--quiet", "--filter", LABEL).split(),
            "volumes": self.run("docker", "volume", "ls", "--quiet", "--filter", LABEL).split(),
        }

    def until_healthy(self, services: Iterable[str]) -> None:
        """Wait until the containers of all these services are healthy."""
        for service in services:
            until(partial(self._is_healthy, service), what=f"{service} is healthy")

    def _is_healthy(self, service: str) -> bool:
        state = self.container(service)["State"]
        return bool(state["Running"] and state["Health"]["Status"] == "healthy")


def until(holds: Callable[[], bool], *, what: str, within: float = PATIENCE) -> None:
    """Wait until something holds. Raises AssertionError that names `what`."""
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end, f"not within {within} s: {what}"
        time.sleep(0.5)
