"""The command line. Each command imports only what it runs."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import click

from vitte import __version__
from vitte.core.settings import Process, Settings, SettingsError, load_settings
from vitte.main.cli_backup import backup, restore

RUNNABLE = tuple(name for name in get_args(Process) if name not in {"migrations", "backup", "tools"})


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def cli() -> None:
    """Vitte: a self-hosted AI assistant for Telegram."""


@cli.command()
@click.argument("process", type=click.Choice(RUNNABLE))
def run(process: Process) -> None:
    """Run one process of the product until SIGTERM or Ctrl-C."""
    settings = _settings_of(process)
    main: Callable[[Settings], None] = import_module(f"vitte.main.{process}").run
    try:
        main(settings)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None


@cli.command()
@click.argument("process", type=click.Choice((*RUNNABLE, "backup")))
@click.option("--ready", is_flag=True, help="Ask for what stands behind it as well.")
def health(process: Process, ready: bool) -> None:  # noqa: FBT001 - click hands flags over like this
    """Tell whether a process on this machine is alive; exit code 1 if not."""
    from vitte.main.health import UnhealthyError, check

    try:
        check(process, load_settings(), ready=ready)
    except (UnhealthyError, SettingsError) as error:
        raise click.ClickException(str(error)) from None


@cli.command()
@click.option("--down", metavar="REVISION", help='Undo down to a revision: "-1", "0001" or "base".')
@click.option("--or-newer", is_flag=True, help="Leave the tables of a later version as they are.")
def migrate(*, down: str | None, or_newer: bool) -> None:
    """Bring the database to this version's tables; safe to run twice, and from two hosts at once."""
    from vitte.db.migrate import MigrationBlockedError
    from vitte.main.migrations import run as run_migrations

    try:
        run_migrations(_settings_of("migrations"), down=down, or_newer=or_newer)
    except MigrationBlockedError as error:
        raise click.ClickException(str(error)) from None


@cli.command()
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
@click.option("--file", "path", type=click.Path(path_type=Path), default=Path(".env"), show_default=True)
@click.option("--compose", is_flag=True, help="For compose.yaml: secrets as files, beside a short .env.")
@click.option(
    "--secrets", type=click.Path(path_type=Path), default=Path("secrets"), show_default=True, metavar="FOLDER"
)
def init(path: Path, secrets: Path, force: bool, compose: bool) -> None:  # noqa: FBT001 - click hands flags over like this
    """Write a .env with generated secrets."""
    from vitte.main.init import write_compose_files, write_env_file

    if compose:
        for file in (written := write_compose_files(path, secrets)):
            click.echo(f"Wrote {file}.")
        if not written:
            click.echo("All files are there already.")
        click.echo(f"To fill in: the bot's token in {secrets}/telegram_token, from @BotFather,")
        click.echo(f"the model in {path}, and its key in {secrets}/llm_api_key.")
        return
    try:
        write_env_file(path, overwrite=force)
    except FileExistsError:
        raise click.ClickException(f"{path} is there already; --force overwrites it") from None
    click.echo(f"Wrote {path}. One thing is left to fill in: VITTE_TELEGRAM__TOKEN, from @BotFather.")


@cli.command()
@click.option("--port-base", default=8080, show_default=True, type=click.IntRange(1024, 65000))
@click.option("--data-dir", default=Path(".vitte"), show_default=True, type=click.Path(path_type=Path))
@click.option("--reset", is_flag=True, help="Begin with empty data.")
@click.option("--check", is_flag=True, help="Ask one question, print the answer, and stop.")
@click.pass_context
def demo(context: click.Context, /, **options: Any) -> None:
    """Run everything on this machine, with nothing to install or sign up for."""
    from vitte.main.demo import DemoOptions, run_demo

    context.exit(run_demo(DemoOptions(**options)))


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535))
@click.option(
    "--state-dir", type=click.Path(path_type=Path), help="Keep people and messages here between starts."
)
@click.option(
    "--call-log", type=click.Path(path_type=Path), help="Write every call to this file, as JSON lines."
)
@click.option("--bot-name", default="Vitte", show_default=True, help="What the first bot is called.")
@click.option("--bot-username", default="vitte_bot", show_default=True)
def sandbox(**options: Any) -> None:
    """Run a Telegram in a box, for any bot: a Bot API server with a chat page.

    Point a bot at http://HOST:PORT instead of https://api.telegram.org, with any token such as 42:TEST.
    """
    from vitte.main.sandbox import run as run_sandbox
    from vitte.sandbox.settings import SandboxSettings

    run_sandbox(SandboxSettings(**options))


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8082, show_default=True, type=click.IntRange(0, 65535))
@click.option("--pause", default=0.05, show_default=True, help="Seconds between two words of an answer.")
def model(host: str, port: int, pause: float) -> None:
    """Run a language model in a box: it answers "You said: ..." by OpenAI's protocol, and costs nothing."""
    from vitte.main.sandbox import run_model

    run_model(host=host, port=port, pause=pause)


@cli.command()
@click.option(
    "--process", "processes", type=click.Choice(RUNNABLE), multiple=True, help="Whose secrets; default: all."
)
def doctor(processes: tuple[Process, ...]) -> None:
    """Look for what is wrong, and say what to do about it; the exit code is 1 if something is."""
    import asyncio

    from vitte.core.logging import configure_logging
    from vitte.main.doctor import checks_for, examine, report

    configure_logging(process="tools", level="CRITICAL")
    settings = _settings_of("tools")
    findings = asyncio.run(examine(settings, checks_for(settings, processes or RUNNABLE)))
    if not report(findings, click.echo):
        raise click.exceptions.Exit(1)


@cli.command()
def status() -> None:
    """Show how it is going, on one screen."""
    from sqlalchemy.exc import SQLAlchemyError

    from vitte.core.logging import configure_logging
    from vitte.main.status import run as run_status

    configure_logging(process="tools", level="CRITICAL")
    try:
        run_status(_settings_of("tools"), click.echo)
    except (SQLAlchemyError, OSError) as error:
        raise click.ClickException(
            f"PostgreSQL does not answer: {type(error).__name__}. `vitte doctor` says what is wrong."
        ) from None


cli.add_command(backup)
cli.add_command(restore)


def _settings_of(process: Process) -> Settings:
    try:
        return load_settings(process)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
