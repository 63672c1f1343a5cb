"""What the engine says of the containers: health, rights, limits, networks, secrets."""

import json

import pytest

from tests.compose.stack import OUTSIDE, PASSWORD, SERVICES, Stack

pytestmark = pytest.mark.timeout(600)
MIB = 1024 * 1024
LIMITS = {  # cores and MiB
    "postgres": (1.0, 1536),
    "redis": (1.0, 1331),
    "bot": (1.0, 1024),
    "api": (1.0, 1024),
    "worker": (1.0, 1229),
    "beat": (0.25, 256),
    "admin": (0.5, 600),
    "nginx": (1.0, 512),
}


def test_every_service_is_healthy_and_the_migrations_have_run(stack: Stack) -> None:
    assert set(stack.compose("config", "--services").split()) == {*SERVICES, *OUTSIDE, "migrations"}
    for service in SERVICES:
        assert stack.container(service)["State"]["Health"]["Status"] == "healthy", service
    migrations = stack.container("migrations")["State"]
    assert (migrations["Status"], migrations["ExitCode"]) == ("exited", 0)


def test_only_nginx_can_be_reached_from_outside(stack: Stack) -> None:
    published = {
        service: sorted(stack.container(service)["HostConfig"]["PortBindings"] or {}) for service in SERVICES
    }
    assert published.pop("nginx") == ["8080/tcp", "8443/tcp"]
    assert not any(published.values()), published


def test_its_ports_are_those_of_the_web_unless_the_owner_says_otherwise(stack: Stack) -> None:
    plain = stack.run(
        *("env", "COMPOSE_ENV_FILES=/dev/null", "docker", "compose", "-f", "compose.yaml"),
        *("config", "--format", "json"),
    )
    services = json.loads(plain)["services"]
    ports = {port["published"] for service in services.values() for port in service.get("ports", ())}
    assert ports == {"80", "443"}


def test_only_those_who_need_the_outside_have_a_way_there(stack: Stack) -> None:
    for service in SERVICES:
        networks = stack.container(service)["NetworkSettings"]["Networks"]
        open_ones = {name for name in networks if not _is_internal(stack, name)}
        assert bool(open_ones) == (service in {"bot", "worker", "nginx"}), service
        assert ("vitte-test_public" in networks) == (service == "nginx"), service


@pytest.mark.parametrize("service", SERVICES)
def test_nobody_is_root_or_has_rights(stack: Stack, service: str) -> None:
    lines = stack.execute(service, "cat", "/proc/1/status").splitlines()
    status = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
    assert "0" not in status["Uid"] + status["Gid"]
    assert {int(rights, 16) for name in status if name.startswith("Cap") for rights in status[name]} == {0}
    assert status["NoNewPrivs"] == ["1"]


def test_the_migrations_have_no_rights_either(stack: Stack) -> None:
    container = stack.container("migrations")
    host = container["HostConfig"]
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert host["ReadonlyRootfs"]
    assert container["Config"]["User"] == "10001:10001"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_its_limits_and_a_root_that_cannot_be_written(stack: Stack, service: str) -> None:
    container = stack.container(service)
    host = container["HostConfig"]
    cores, memory = LIMITS[service]
    assert (host["NanoCpus"] / 1e9, host["Memory"] // MIB) == (cores, memory)
    assert host["ReadonlyRootfs"]
    assert not host["Privileged"]
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    assert host["LogConfig"]["Config"] == {"max-file": "5", "max-size": "10m"}
    assert container["Config"]["StopTimeout"] == 40


def test_the_image_has_no_compiler_and_no_package_installer(stack: Stack) -> None:
    script = "import shutil, sys; sys.exit(', '.join(filter(shutil.which, sys.argv[1:])) or None)"
    stack.execute("api", "/opt/vitte/bin/python", "-c", script, "cc", "gcc", "make", "git")
    said = stack.execute(
        "api", "/opt/vitte/bin/python", "-c", "import importlib.util as u; print(u.find_spec('pip'))"
    )
    assert said.strip() == "None"


def test_no_secret_can_be_seen_from_outside_its_container(stack: Stack) -> None:
    ids = stack.compose("ps", "--all", "--quiet").split()
    inspected = json.loads(stack.run("docker", "inspect", *ids))
    assert PASSWORD not in repr([(container["Config"], container["Args"]) for container in inspected])
    processes = "".join(
        stack.run("docker", "top", container) for container in ids if _runs(inspected, container)
    )
    assert "PID" in processes
    assert PASSWORD not in processes


def test_the_database_belongs_to_a_user_who_may_do_no_more_than_that(stack: Stack) -> None:
    query = "SELECT rolsuper, rolcreaterole, rolreplication FROM pg_roles WHERE rolname = 'vitte'"
    said = stack.execute("postgres", "psql", "-U", "postgres", "-At", "-c", query)
    assert said.strip() == "f|f|f"
    owner = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
    assert (
        stack.execute("postgres", "psql", "-U", "postgres", "-At", "-d", "vitte", "-c", owner).strip()
        == "vitte"
    )


def _is_internal(stack: Stack, network: str) -> bool:
    return bool(json.loads(stack.run("docker", "network", "inspect", network))[0]["Internal"])


def _runs(inspected: list[dict[str, object]], container_id: str) -> bool:
    [state] = [container["State"] for container in inspected if str(container["Id"]).startswith(container_id)]
    return isinstance(state, dict) and state["Running"] is True
