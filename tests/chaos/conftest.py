"""Faults on real processes: a short form for every day, the full one for `make chaos`."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.chaos.board import Board
from vitte.core.settings import Settings
from vitte.core.settings.backends import DatabaseSettings, RedisSettings
from vitte.core.settings.cache import CacheSettings
from vitte.core.settings.outbound import OutboundSettings

_BOARD = pytest.StashKey[Board]()


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is tried."""

    full: bool

    def pick(self, short: int, full: int) -> int:
        """Return the number for this run."""
        return full if self.full else short


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="chaos: with hundreds of people, for minutes")


def pytest_configure(config: pytest.Config) -> None:
    # The short form runs beside other tests: there, late is not wrong.
    config.stash[_BOARD] = Board(is_timed=bool(config.getoption("--full", default=False)))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    is_for_full = collection_path.name == "test_demo.py"
    return True if is_for_full and not config.getoption("--full", default=False) else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    board = config.stash[_BOARD]
    asked_for = config.getoption("--full", default=False) or config.get_verbosity() > 0
    if asked_for and board.rows:
        terminalreporter.section("faults")
        for line in board.table():
            terminalreporter.write_line(line.rstrip())


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The same, with no more patience than the product has: here it is what is tried."""
    own = RedisSettings(), CacheSettings(), OutboundSettings(), DatabaseSettings()
    settings.redis.timeout, settings.cache.timeout = own[0].timeout, own[1].timeout
    settings.outbound.redis_timeout, settings.database.connect_timeout = (
        own[2].redis_timeout,
        own[3].connect_timeout,
    )
    return settings


@pytest.fixture
def scale(pytestconfig: pytest.Config) -> Scale:
    """How much this run tries."""
    return Scale(full=bool(pytestconfig.getoption("--full", default=False)))


@pytest.fixture
def board(pytestconfig: pytest.Config) -> Board:
    """The table that the run prints at its end."""
    return pytestconfig.stash[_BOARD]
