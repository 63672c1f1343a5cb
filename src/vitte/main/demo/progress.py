"""What a person sees while the demo starts, runs and stops."""

from collections.abc import Sequence
from typing import Self

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn
from rich.table import Table
from rich.text import Text

from vitte.embedded.ports import LOCALHOST
from vitte.main.demo.environment import DemoEnvironment
from vitte.main.demo.home import DemoHome, DemoSecrets
from vitte.main.demo.logs import readable
from vitte.main.demo.parts import Part
from vitte.main.demo.ports import DemoPorts
from vitte.main.demo.supervisor import Fault


class StartProgress:
    """A line for each part: a spinner on a terminal, one line when it is ready elsewhere."""

    def __init__(self, console: Console, parts: Sequence[Part]) -> None:
        self._console = console
        self._done = "✓" if "utf" in console.encoding.lower() else "+"
        self._failed = "✗" if self._done == "✓" else "!"
        self._progress = Progress(
            SpinnerColumn(finished_text=f"[green]{self._done}"),
            TextColumn("{task.description}"),
            TextColumn("[dim]{task.fields[seconds]}"),
            console=console,
            transient=False,
            disable=not console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {
            part.name: self._progress.add_task(part.title, start=False, total=1, seconds="", visible=False)
            for part in parts
        }

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Let the lines stand as they are."""
        self._progress.stop()

    def starting(self, part: Part) -> None:
        """Show the part's spinner."""
        self._progress.start_task(self._tasks[part.name])
        self._progress.update(self._tasks[part.name], visible=True)

    def ready(self, part: Part, *, seconds: float) -> None:
        """Tick the part off."""
        if self._console.is_terminal:
            self._progress.update(self._tasks[part.name], completed=1, seconds=f"{seconds:.1f} s")
        else:
            self._console.print(f"{self._done} {part.title} ({seconds:.1f} s)")

    def failed(self, part: Part) -> None:
        """Say that the part failed; why is told when everything has stopped."""
        mark = f"{self._failed} {part.title}"
        self._progress.update(self._tasks[part.name], description=f"[red]{mark}", visible=False)
        self._console.print(mark, style="red", highlight=False)


def show_addresses(
    console: Console, *, home: DemoHome, ports: DemoPorts, secrets: DemoSecrets, environment: DemoEnvironment
) -> None:
    """Print where everything is, what the AI can do, and how to stop."""
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    chat = "your bot in Telegram" if environment.real_telegram else f"http://{LOCALHOST}:{ports.chat}/"
    api = f"http://{LOCALHOST}:{ports.api}"
    for name, value in (
        ("Chat", chat),
        (
            "Admin panel",
            f"http://{LOCALHOST}:{ports.admin}/admin (user admin, password {secrets.admin_password})",
        ),
        ("API docs", f"{api}/docs"),
        ("Metrics", f"{api}/metrics"),
        ("Logs", str(home.logs)),
    ):
        table.add_row(Text(name, style="bold"), Text(value, overflow="fold"))
    console.print()
    console.print(table)
    console.print()
    for sentence in _about_the_llm(environment):
        console.print(sentence, highlight=False, markup=False)
    console.print("Stop with Ctrl-C; what was said is kept until vitte demo --reset.", highlight=False)


def show_fault(console: Console, fault: Fault, *, home: DemoHome) -> None:
    """Print which part failed, how, and the end of its log."""
    console.print()
    if fault.part.server is not None and not fault.log:
        console.print(fault.ending, style="red", highlight=False, markup=False)
        return
    console.print(f"{fault.part.title} {fault.ending}.", style="bold red", highlight=False, markup=False)
    console.print(f"The end of {fault.part.log_file}:", highlight=False, markup=False)
    for line in readable(list(fault.log)) or ["(it wrote nothing)"]:
        console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
    console.print(f"All logs: {home.logs}", highlight=False, markup=False)


def _about_the_llm(environment: DemoEnvironment) -> list[str]:
    another = (
        "VITTE_LLM__BASE_URL (with VITTE_LLM__MODEL and VITTE_LLM__API_KEY) puts any other OpenAI-compatible "
        "model in its place."
    )
    if environment.local_llm:
        return [f"The AI is {environment.llm}: it runs here, is tiny and speaks English only.", another]
    if environment.ollama is not None:
        return [f"The AI is {environment.llm}; VITTE_DEMO_LLM=local takes the built-in tiny one.", another]
    return [f"The AI is {environment.llm}."]
