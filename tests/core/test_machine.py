"""What a process tells of its machine and of its family."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.registry import Collector

from vitte import __version__
from vitte.core.machine import FamilyCollector, MachineCollector

_MIB = 1 << 20


def registry_of(collector: Collector) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(collector)
    return registry


@pytest.fixture
def container(tmp_path: Path) -> Path:
    """The files of a container that may use 512 MiB and one CPU."""
    for name, content in {
        "memory.max": f"{512 * _MIB}\n",
        "memory.current": f"{300 * _MIB}\n",
        "memory.stat": f"anon 1\ninactive_file {100 * _MIB}\nactive_file 3\n",
        "cpu.stat": "usage_usec 9\nnr_throttled 4\nthrottled_usec 2500000\n",
    }.items():
        (tmp_path / name).write_text(content)
    return tmp_path


def test_a_container_tells_how_near_its_limits_it_is(container: Path) -> None:
    registry = registry_of(MachineCollector(container))
    assert registry.get_sample_value("vitte_memory_limit_bytes") == 512 * _MIB
    assert registry.get_sample_value("vitte_memory_used_bytes") == 200 * _MIB
    assert registry.get_sample_value("vitte_cpu_throttled_seconds_total") == 2.5
    assert registry.get_sample_value("vitte_build_info", {"version": __version__}) == 1
    free = registry.get_sample_value("vitte_disk_free_bytes")
    size = registry.get_sample_value("vitte_disk_size_bytes")
    assert free is not None
    assert size is not None
    assert 0 < free <= size


def test_without_a_limit_there_is_nothing_to_be_near_to(container: Path, tmp_path: Path) -> None:
    (container / "memory.max").write_text("max\n")
    assert registry_of(MachineCollector(container)).get_sample_value("vitte_memory_limit_bytes") is None
    nowhere = registry_of(MachineCollector(tmp_path / "none"))
    assert nowhere.get_sample_value("vitte_memory_used_bytes") is None
    assert nowhere.get_sample_value("vitte_disk_size_bytes") is not None


def test_the_cpu_time_of_a_child_counts_and_is_not_lost_with_it() -> None:
    registry = registry_of(FamilyCollector(os.getpid()))

    def cpu() -> float:
        return registry.get_sample_value("process_cpu_seconds_total") or 0

    def memory() -> float:
        return registry.get_sample_value("process_resident_memory_bytes") or 0

    before, memory_before = cpu(), memory()
    assert memory_before > 20 * _MIB
    program = (
        "import sys, time\nheap = b'x' * (64 << 20)\n"
        "while time.process_time() < 0.5: pass\nprint('done', flush=True)\nsys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"done\n"
        while_it_lives = cpu()
        assert while_it_lives >= before + 0.4
        assert memory() >= memory_before + 48 * _MIB
    assert cpu() >= while_it_lives
    assert (
        registry_of(FamilyCollector(os.getpid(), Path("/nowhere"))).get_sample_value(
            "process_cpu_seconds_total"
        )
        is None
    )
