"""What deploy/kubernetes comes to, as the owner's own kubectl renders it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from vitte.main.init import write_compose_files

ROOT = Path(__file__).parents[2]
OVERLAYS = ("small", "external")
DOMAIN = "vitte.test"
COMPONENT = "app.kubernetes.io/component"
PROCESSES = ("bot", "api", "worker", "beat", "admin")
Object = dict[str, Any]


@dataclass(frozen=True)
class Manifests:
    """Everything that one overlay makes."""

    name: str
    objects: list[Object]
    secrets: Path
    """The folder of the secrets that went in."""

    def of_kind(self, *kinds: str) -> list[Object]:
        """Return the objects of these kinds; there have to be some."""
        found = [item for item in self.objects if item["kind"] in kinds]
        assert found, f"{self.name} has no {kinds}"
        return found

    def one(self, kind: str, name: str) -> Object:
        """Return the one object of this name; what a generator made has a hash after it."""
        [found] = [
            item
            for item in self.of_kind(kind)
            if re.sub(r"-[0-9a-z]{10}$", "", item["metadata"]["name"]) == name
        ]
        return found

    def pods(self) -> dict[str, Object]:
        """Return the specification of every kind of pod, by its component."""
        return {template["metadata"]["labels"][COMPONENT]: template["spec"] for template in self.templates()}

    def templates(self) -> list[Object]:
        """Return the templates that pods are made from."""
        templates = [item["spec"]["template"] for item in self.of_kind("Deployment")]
        for item in self.objects:
            if item["kind"] == "StatefulSet":
                templates.append(item["spec"]["template"])
            if item["kind"] == "CronJob":
                templates.append(item["spec"]["jobTemplate"]["spec"]["template"])
        return templates

    def environment(self, pod: Object, container: Object) -> dict[str, str]:
        """Return the variables that a container gets, with its secrets where the owner has put them."""
        variables: dict[str, str] = {}
        for source in container.get("envFrom", ()):
            variables |= self._named("ConfigMap", source["configMapRef"]["name"])["data"]
        own: dict[str, str] = {}
        for variable in container.get("env", ()):
            if "value" in variable:
                # Only what stands before it in the same list is put in its place.
                value = re.sub(r"\$\((\w+)\)", lambda found: own[found[1]], variable["value"])
            else:
                reference = variable["valueFrom"]["configMapKeyRef"]
                value = self._named("ConfigMap", reference["name"])["data"][reference["key"]]
            own[variable["name"]] = value
        mounted = set(self.mounted_secrets(pod, container))
        for name, value in (variables | own).items():
            if name.endswith("_FILE") and value.startswith("/run/secrets/"):
                file = value.removeprefix("/run/secrets/")
                if file in mounted:
                    own[name] = str(self.secrets / file)
        return variables | own

    def mounted_secrets(self, pod: Object, container: Object) -> Iterator[str]:
        """Yield the names of the files that a container finds under /run/secrets."""
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        for mount in container["volumeMounts"]:
            if mount["mountPath"] == "/run/secrets":
                secret = volumes[mount["name"]]["secret"]
                keys = self._named("Secret", secret["secretName"])["data"]
                for item in secret["items"]:
                    assert item["key"] in keys, f"nobody makes {item['key']}"
                    yield item["path"]

    def _named(self, kind: str, name: str) -> Object:
        [found] = [item for item in self.of_kind(kind) if item["metadata"]["name"] == name]
        return found


def render(overlay: str, folder: Path) -> Manifests:
    """Do in `folder` what the owner does: secrets, the domain, and `kubectl kustomize`."""
    shutil.copytree(ROOT / "deploy", folder / "deploy", ignore=shutil.ignore_patterns("secrets"))
    there = folder / "deploy/kubernetes/overlays" / overlay
    write_compose_files(folder / "env", there / "secrets")
    (there / "secrets/telegram_token").write_text("42:TEST\n")
    settings = there / "settings.env"
    settings.write_text(settings.read_text().replace("bot.example.org", DOMAIN))
    kubectl = Path(sys.executable).parent / "kubectl"
    rendered = subprocess.run(
        [kubectl, "kustomize", there],
        env={"PATH": os.defpath, "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert rendered.returncode == 0, rendered.stderr
    assert not rendered.stderr, rendered.stderr
    return Manifests(overlay, list(yaml.safe_load_all(rendered.stdout)), there / "secrets")


def containers(pod: Object) -> list[Object]:
    """Return all containers of a pod, those that run before the others first."""
    return [*pod.get("initContainers", ()), *pod["containers"]]


def matches(selector: Object, labels: dict[str, str]) -> bool:
    """Tell whether a selector takes what has these labels."""
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()) and all(
        _holds(expression, labels) for expression in selector.get("matchExpressions", ())
    )


def _holds(expression: Object, labels: dict[str, str]) -> bool:
    assert expression["operator"] == "In", expression
    return labels.get(expression["key"]) in expression["values"]
