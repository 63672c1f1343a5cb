"""The commands that make backups and put them back."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from vitte.core.settings import Settings, SettingsError, load_settings

if TYPE_CHECKING:
    from vitte.backups.archives import Manifest

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class Duration(click.ParamType[timedelta]):
    """A number with a unit, such as 24h."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Read it."""
        found = re.fullmatch(r"(\d+)([mhd])", str(value))
        if not found or not int(found[1]):
            self.fail("a number and m, h or d, such as 24h", param, ctx)
        return timedelta(**{_UNITS[found[2]]: int(found[1])})


@click.group(invoke_without_command=True)
@click.option("--every", type=Duration(), help="Go on: make one whenever the newest is older, such as 24h.")
@click.pass_context
def backup(context: click.Context, /, every: timedelta | None) -> None:
    """Make a backup of the database, and check it."""
    if context.invoked_subcommand is not None:
        return
    from vitte.main import backup as main

    with _told():
        settings = _settings()
        if every is None:
            click.echo(f"Made {main.make(settings)} in {settings.backup.folder}.")
        else:
            main.run(settings, every=every)


@backup.command("list")
def list_() -> None:
    """List the backups, the newest first."""
    from vitte.main.backup import listed

    with _told():
        for name, place in listed(_settings()):
            click.echo(f"{name}  {place}")


@backup.command()
@click.argument("name", default="newest")
def drill(name: str) -> None:
    """Restore a backup into a database of its own, compare it with what went in, and delete it."""
    from vitte.main import backup as main

    with _told():
        chosen, manifest = main.drill(_settings(), name)
    click.echo(f"{chosen} is good: {_summary(manifest)}.")


@backup.command()
def key() -> None:
    """Make a pair of keys for encrypted backups."""
    from vitte.backups.encryption import new_key

    recipient, identity = new_key()
    click.echo(f"VITTE_BACKUP__RECIPIENT={recipient}\nVITTE_BACKUP__IDENTITY={identity}")
    click.echo(
        "The first encrypts, the second opens. Keep the second elsewhere as well: without it no backup can be"
        " opened. A server that has only the first cannot read its own backups, nor rehearse.",
        err=True,
    )


@click.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--although-in-use", is_flag=True, help="Do not refuse while processes are connected.")
def restore(*, name: str, yes: bool, although_in_use: bool) -> None:
    """Replace the whole database by a backup: its NAME, or "newest"."""
    from vitte.main import backup as main

    with _told():
        settings = _settings()
        if not yes:
            where = f"{settings.database.name} at {settings.database.host}"
            click.confirm(f"All that is in the database {where} will be gone. Go on?", abort=True)
        chosen, manifest = main.restore(settings, name, although_in_use=although_in_use)
    click.echo(f"Restored {chosen}: {_summary(manifest)}. Now run `vitte migrate`, then start the processes.")


def _summary(manifest: "Manifest") -> str:
    contents = manifest.contents
    return (
        f"{sum(contents.counts.values())} rows in {len(contents.counts)} tables, revision {contents.revision}"
    )


def _settings() -> Settings:
    return load_settings("backup")


@contextmanager
def _told() -> Iterator[None]:
    from vitte.backups.errors import BackupError

    try:
        yield
    except (BackupError, SettingsError) as error:
        raise click.ClickException(str(error)) from None
