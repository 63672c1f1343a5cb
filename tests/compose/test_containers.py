"""What the engine says of the containers: health, rights, limits, networks, secrets."""

import json

import pytest

from tests.compose.stack import OUTSIDE, PASSWORD, SERVICES, Stack

pytestmark = pytest.mark.timeout(600)
MIB = 1024 * 1024
LIMITS = {  # cores and MiB
    "postgres": (1.0, 1536),
    "redis": (1.0, 768),
    "bot": (1.0, 768),
    "api": (1.0, 512),
    "worker": (1.0, 768),
    "beat": (0.25, 128),
    "admin": (0.5, 256),
    "backup": (0.5, 256),
    "nginx": (1.0, 192),
    "prometheus": (0.5, 512),
    "alertmanager": (0.25, 128),
    "grafana": (0.5, 400),
    "postgres-exporter": (0.1, 64),
    "redis-exporter": (0.1, 64),
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
        assert bool(open_ones) == (service in {"bot", "worker", "backup", "alertmanager", "nginx"}), service
        assert ("vitte-test_public" in networks) == (service == "nginx"), service


@pytest.mark.parametrize("service", SERVICES)
def test_nobody_is_root_or_has_rights(stack: Stack, service: str) -> None:
    lines = stack.execute(service, "cat", "/proc/1/status").splitlines()
    status = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
    assert "0" not in status["Uid"]
    # Grafana's image has its files belong to the group root, and no user.
    assert "0" not in status["Gid"] or service == "grafana"
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
    rights = "SELECT rolname, rolsuper, rolcreaterole, rolreplication, rolcreatedb FROM pg_roles"
    # Databases of its own are for rehearsals of a restore.
    assert stack.query(f"{rights} WHERE rolname = 'vitte'") == "vitte|f|f|f|t"
    assert stack.query("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'") == "vitte"


def test_the_exporter_sees_statistics_and_nothing_that_people_wrote(stack: Stack) -> None:
    member_of = "SELECT string_agg(roleid::regrole::text, ',') FROM pg_auth_members WHERE member = "
    assert stack.query(f"{member_of} 'vitte_exporter'::regrole") == "pg_monitor"
    readable = "has_table_privilege('vitte_exporter', oid, 'SELECT')"
    tables = "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    assert stack.query(tables) != "0"
    assert stack.query(f"{tables} AND {readable}") == "0"


def test_what_is_missing_in_an_older_database_can_be_made_later(stack: Stack) -> None:
    stack.query("REVOKE CONNECT ON DATABASE vitte FROM vitte_exporter; DROP ROLE vitte_exporter")
    stack.query("ALTER ROLE vitte NOCREATEDB")
    stack.execute("postgres", "/docker-entrypoint-initdb.d/10-vitte.sh")
    test_the_exporter_sees_statistics_and_nothing_that_people_wrote(stack)
    assert stack.query("SELECT rolcreatedb FROM pg_roles WHERE rolname = 'vitte'") == "t"


def _is_internal(stack: Stack, network: str) -> bool:
    return bool(json.loads(stack.run("docker", "network", "inspect", network))[0]["Internal"])


def _runs(inspected: list[dict[str, object]], container_id: str) -> bool:
    [state] = [container["State"] for container in inspected if str(container["Id"]).startswith(container_id)]
    return isinstance(state, dict) and state["Running"] is True
