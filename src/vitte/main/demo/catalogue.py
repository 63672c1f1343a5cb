"""The parts that the demo is made of."""

import sys

from vitte.embedded.llm import find_model, require_server
from vitte.embedded.ports import LOCALHOST
from vitte.embedded.postgres import PostgresServer, find_postgres
from vitte.embedded.redis import RedisServer, find_valkey
from vitte.main.demo.environment import DemoEnvironment
from vitte.main.demo.home import DemoHome, DemoSecrets
from vitte.main.demo.parts import HttpProbe, LogProbe, Part, Probe, without_missing
from vitte.main.demo.ports import DemoPorts


def demo_parts(
    home: DemoHome, *, ports: DemoPorts, secrets: DemoSecrets, environment: DemoEnvironment
) -> list[Part]:
    """Return the parts that `environment` leaves to us, in the order in which a person is told of them.

    Raises `EmbeddedError` when a package that holds one of them is missing.
    """
    parts = [*_servers(home, ports=ports, secrets=secrets)]
    if environment.local_llm:
        parts.append(_llm(home, ports=ports))
    if not environment.real_telegram:
        parts.append(_sandbox(home, ports=ports))
    return without_missing([*parts, *_processes(home, ports=ports)])


def _servers(home: DemoHome, *, ports: DemoPorts, secrets: DemoSecrets) -> list[Part]:
    postgres = PostgresServer(
        home.root / "postgres",
        port=ports.postgres,
        password=secrets.database_password,
        bin_dir=find_postgres(),
        take_over=True,  # the lock of our folder is held: whoever runs there was left behind
        die_with_parent=True,
    )
    redis = RedisServer(
        home.root / "redis",
        port=ports.redis,
        password=secrets.redis_password,
        binary=find_valkey(),
        die_with_parent=True,
    )
    return [
        Part(
            name="postgres",
            title="PostgreSQL",
            server=postgres,
            log_file=postgres.log_path,
            stop_timeout=4,
        ),
        Part(name="redis", title="Redis", server=redis, log_file=redis.log_path, stop_timeout=4),
    ]


def _llm(home: DemoHome, *, ports: DemoPorts) -> Part:
    require_server()
    find_model()
    return Part(
        name="llm",
        title="Local AI",
        command=(sys.executable, "-m", "vitte.embedded.llm", "--port", str(ports.llm)),
        ready=HttpProbe(f"http://{LOCALHOST}:{ports.llm}/health"),
        log_file=home.logs / "llm.log",
        stop_timeout=2,
    )


def _sandbox(home: DemoHome, *, ports: DemoPorts) -> Part:
    state = home.root / "sandbox"
    arguments = (
        "--port",
        str(ports.chat),
        "--state-dir",
        str(state),
        "--call-log",
        str(state / "calls.jsonl"),
    )
    return Part(
        name="chat",
        title="Chat",
        command=(sys.executable, "-m", "vitte", "sandbox", *arguments),
        ready=HttpProbe(f"http://{LOCALHOST}:{ports.chat}/sandbox/state"),
        log_file=home.logs / "chat.log",
        stop_timeout=3,
    )


def _processes(home: DemoHome, *, ports: DemoPorts) -> list[Part]:
    def part(name: str, title: str, *, ready: Probe | None, after: tuple[str, ...]) -> Part:
        command = ("run", name) if ready is not None else (name,)
        return Part(
            name=name,
            title=title,
            command=(sys.executable, "-m", "vitte", *command),
            ready=ready,
            depends_on=after,
            log_file=home.logs / f"{name}.log",
        )

    def health(port: int, path: str = "/health") -> HttpProbe:
        return HttpProbe(f"http://{LOCALHOST}:{port}{path}")

    data = ("migrate", "redis")
    return [
        part("migrate", "Tables", ready=None, after=("postgres",)),
        # It waits for Telegram by itself, here for the chat: both load for seconds, and do so side by side.
        part("bot", "Bot", ready=health(ports.bot, "/health/ready"), after=data),
        part("api", "API", ready=health(ports.api), after=data),
        part("admin", "Admin panel", ready=health(ports.admin, "/admin/health"), after=data),
        part("worker", "Background work", ready=LogProbe('"worker_ready"'), after=data),
        part("beat", "Clock", ready=LogProbe('"beat_ready"'), after=data),
    ]
