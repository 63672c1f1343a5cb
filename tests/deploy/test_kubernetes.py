"""Kubernetes: it takes what we hand it, and what we hand it fits together and fits the processes."""

import base64
import copy
from typing import Any

import click
import kubernetes_validate
import pytest

from tests.deploy.manifests import (
    COMPONENT,
    DOMAIN,
    PROCESSES,
    Manifests,
    Object,
    containers,
    matches,
)
from vitte.core.settings import Settings, load_settings
from vitte.core.settings.files import _variables
from vitte.core.stopping import MARGIN
from vitte.main.cli import cli

# The oldest that has all of it (a sleep before a stop), and the newest that the schemas know.
VERSIONS = ("1.30", kubernetes_validate.latest_version())
OF_OPERATORS = {"ScaledObject", "PodMonitor", "PrometheusRule"}
IMAGES = {"postgres:18", "redis:8", "registry.example.org/vitte:0.1.0"}


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_knows_every_field_of_every_object(manifests: Manifests, version: str) -> None:
    own = [item for item in manifests.objects if item["kind"] not in OF_OPERATORS]
    assert len(own) > 25
    for item in own:
        kubernetes_validate.validate(item, version, strict=True)
    wrong = copy.deepcopy(manifests.one("Deployment", "bot"))
    wrong["spec"]["template"]["spec"]["containers"][0]["livenessprobe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="livenessprobe"):
        kubernetes_validate.validate(wrong, version, strict=True)


def test_everything_lives_in_one_namespace_that_admits_nothing_with_rights(manifests: Manifests) -> None:
    [namespace] = manifests.of_kind("Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    name = namespace["metadata"]["name"]
    assert {item["metadata"]["namespace"] for item in manifests.objects if item is not namespace} == {name}


def test_nobody_is_root_can_become_it_or_write_where_it_does_not_have_to(manifests: Manifests) -> None:
    for component, pod in manifests.pods().items():
        of_pod = pod["securityContext"]
        assert of_pod["runAsNonRoot"] is True, component
        assert of_pod["runAsUser"] > 0, component
        assert of_pod["seccompProfile"] == {"type": "RuntimeDefault"}, component
        assert pod["automountServiceAccountToken"] is False, component
        assert pod["enableServiceLinks"] is False, component
        for container in containers(pod):
            given = container["securityContext"]
            assert given == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, component
            limits, requests = (container["resources"][kind] for kind in ("limits", "requests"))
            assert {"cpu", "memory"} == set(limits) == set(requests), component
            mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
            assert "/tmp" in mounts, component  # noqa: S108 - of the container


def test_every_image_is_one_that_the_owner_names(manifests: Manifests) -> None:
    used = {container["image"] for pod in manifests.pods().values() for container in containers(pod)}
    assert used <= IMAGES
    assert "registry.example.org/vitte:0.1.0" in used


def test_every_command_is_one_of_ours(manifests: Manifests) -> None:
    seen = []
    for pod in manifests.pods().values():
        for container in containers(pod):
            if "vitte" not in container["image"]:
                continue
            name, command, rest = cli.resolve_command(click.Context(cli), list(container["args"]))
            assert command is not None
            command.make_context(name, rest)
            seen.append(container["args"])
    assert seen.count(["migrate", "--or-newer"]) == len(PROCESSES)
    for process in PROCESSES:
        assert ["run", process] in seen


def test_every_variable_is_a_setting(manifests: Manifests) -> None:
    known = set(_variables(Settings, "VITTE_"))
    known |= {f"{name}_FILE" for name in known} | {"VITTE_DOMAIN"}
    named = set()
    for pod in manifests.pods().values():
        for container in containers(pod):
            named |= set(manifests.environment(pod, container))
    named = {name for name in named if not name.startswith("POSTGRES_")}
    assert len(named) > 20
    assert named <= known


@pytest.mark.parametrize("process", [*PROCESSES, "migrations", "backup"])
def test_a_process_finds_every_setting_and_secret_that_it_needs(
    manifests: Manifests, process: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pods = manifests.pods()
    if process == "backup" and process not in pods:
        pytest.skip("there are none of ours here")
    pod = pods["bot" if process == "migrations" else process]
    container = pod["initContainers" if process == "migrations" else "containers"][0]
    monkeypatch.setenv("VITTE_ENV_FILE", "")
    for name, value in manifests.environment(pod, container).items():
        monkeypatch.setenv(name, value)
    settings = load_settings(process)
    generated = manifests.secrets / "database_password"
    assert settings.database.password.get_secret_value() == generated.read_text().strip()
    assert settings.database.host not in {"", "127.0.0.1"}
    if process in {"bot", "api"}:
        assert settings.telegram.mode == "webhook"
        assert settings.telegram.webhook_url == f"https://{DOMAIN}/api/v1/telegram/webhook"
    else:
        assert not settings.telegram.token.get_secret_value()


def test_every_secret_is_somebodys_and_nobody_has_one_too_many(manifests: Manifests) -> None:
    [secret] = manifests.of_kind("Secret")
    used = set()
    for component, pod in manifests.pods().items():
        for container in containers(pod):
            mounted = set(manifests.mounted_secrets(pod, container))
            used |= mounted
            if component in {"worker", "beat", "admin", "backup"}:
                assert not {name for name in mounted if name.startswith("telegram")}, component
    assert used == set(secret["data"])
    for name, value in secret["data"].items():
        assert base64.b64decode(value) == (manifests.secrets / name).read_bytes()


def test_the_public_name_is_written_once(manifests: Manifests) -> None:
    [door] = manifests.of_kind("Ingress")
    assert [rule["host"] for rule in door["spec"]["rules"]] == [DOMAIN]
    assert door["spec"]["tls"][0]["hosts"] == [DOMAIN]
    assert manifests.one("ConfigMap", "settings")["data"]["VITTE_DOMAIN"] == DOMAIN


def test_whoever_selects_pods_finds_them_and_the_ports_that_it_names(manifests: Manifests) -> None:
    pods, labels = manifests.pods(), {}
    for template in manifests.templates():
        labels[template["metadata"]["labels"][COMPONENT]] = template["metadata"]["labels"]
    for workload in manifests.of_kind("Deployment", "StatefulSet"):
        template = workload["spec"]["template"]["metadata"]["labels"]
        assert matches(workload["spec"]["selector"], template), workload["metadata"]["name"]
    services = {item["metadata"]["name"]: item for item in manifests.of_kind("Service")}
    assert {"api", "admin"} <= set(services)
    for name, service in services.items():
        if name == "nowhere":
            assert "selector" not in service["spec"]
            continue
        assert [
            component
            for component in pods
            if matches({"matchLabels": service["spec"]["selector"]}, labels[component])
        ] == [name]
        ports = {port["name"] for port in pods[name]["containers"][0]["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports
    for path in manifests.of_kind("Ingress")[0]["spec"]["rules"][0]["http"]["paths"]:
        service = path["backend"]["service"]
        assert service["port"]["name"] in {
            port["name"] for port in services[service["name"]]["spec"]["ports"]
        }
    for budget in manifests.of_kind("PodDisruptionBudget"):
        taken = [component for component in pods if matches(budget["spec"]["selector"], labels[component])]
        assert taken == [budget["metadata"]["name"]]
        # A budget that keeps the only pod from going would stop every work on a node.
        assert budget["spec"]["maxUnavailable"] == 1
    for component, pod in pods.items():
        for spread in pod.get("topologySpreadConstraints", ()):
            assert spread["labelSelector"] == {"matchLabels": {COMPONENT: component}}


def test_there_is_one_clock_and_never_two(manifests: Manifests) -> None:
    spec = manifests.one("Deployment", "beat")["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


def test_an_upgrade_takes_nobody_away_before_the_next_one_is_ready(manifests: Manifests) -> None:
    for process in ("bot", "api", "worker", "admin"):
        strategy = manifests.one("Deployment", process)["spec"]["strategy"]
        assert strategy == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}


def test_a_process_gets_the_time_that_its_end_takes(manifests: Manifests) -> None:
    settings = Settings()
    work: dict[str, float] = {
        "bot": settings.bot.stop_timeout,
        "api": settings.api.stop_timeout,
        "worker": settings.worker.stop_timeout,
        "admin": settings.admin.stop_timeout,
        "beat": 0,
    }
    for process, patience in work.items():
        pod = manifests.pods()[process]
        before = (
            pod["containers"][0].get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        )
        # Those whom a proxy knows have to answer until it has forgotten them.
        assert (before > 0) == (process in {"api", "admin"})
        assert pod["terminationGracePeriodSeconds"] > before + patience + MARGIN, process


def ends(policy: Object, way: str, peer: dict[str, str], port: tuple[str, int]) -> bool:
    """Tell whether a policy lets one through; `port` is its name and number."""
    for rule in policy["spec"].get(way, ()):
        peers = rule.get("from" if way == "ingress" else "to")
        ports = [item["port"] for item in rule["ports"]]
        if not set(ports) & set(port):
            continue
        if peers is None or any(
            "podSelector" in item and "namespaceSelector" not in item and matches(item["podSelector"], peer)
            for item in peers
        ):
            return True
    return False


def test_each_reaches_what_it_needs_and_nobody_else_does(manifests: Manifests) -> None:
    if manifests.name != "small":
        pytest.skip("PostgreSQL and Redis are elsewhere")
    policies = manifests.of_kind("NetworkPolicy")
    labels = {
        template["metadata"]["labels"][COMPONENT]: template["metadata"]["labels"]
        for template in manifests.templates()
    }
    nothing = next(policy for policy in policies if policy["metadata"]["name"] == "nothing")
    assert nothing["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}

    def reaches(source: str, target: str, port: tuple[str, int]) -> bool:
        return any(
            ends(policy, "egress", labels[target], port)
            for policy in policies
            if matches(policy["spec"]["podSelector"], labels[source])
        ) and any(
            ends(policy, "ingress", labels[source], port)
            for policy in policies
            if matches(policy["spec"]["podSelector"], labels[target])
        )

    everybody = set(labels)
    to_postgres = {name for name in everybody if reaches(name, "postgres", ("postgres", 5432))}
    assert to_postgres == {*PROCESSES, "backup"}
    assert {name for name in everybody if reaches(name, "redis", ("redis", 6379))} == set(PROCESSES)
    assert not [name for name in everybody for process in PROCESSES if reaches(name, process, ("http", 0))]
    outside = {
        name
        for name in everybody
        for policy in policies
        if matches(policy["spec"]["podSelector"], labels[name])
        and any("ipBlock" in peer for rule in policy["spec"].get("egress", ()) for peer in rule.get("to", ()))
    }
    assert outside == {"bot", "worker", "backup"}
