"""`vitte demo` from its first line to its last."""

import asyncio
import signal
import time

from rich.console import Console

from vitte.embedded.errors import EmbeddedError
from vitte.embedded.ports import LOCALHOST
from vitte.main.demo.catalogue import demo_parts
from vitte.main.demo.environment import SANDBOX_TOKEN, DemoEnvironment, demo_environment, user_environment
from vitte.main.demo.home import DemoHome, DemoSecrets, open_home
from vitte.main.demo.leftovers import PidsFile, end_leftovers, mark_of
from vitte.main.demo.options import DemoError, DemoOptions
from vitte.main.demo.ports import DemoPorts
from vitte.main.demo.progress import StartProgress, show_addresses, show_fault
from vitte.main.demo.supervisor import Supervisor, supervise

_ALWAYS_LISTEN = ("admin", "api", "bot", "worker", "postgres", "redis")


def run(options: DemoOptions) -> int:
    """Run the demo until it is stopped or a part of it fails; return the exit code."""
    console = Console()
    try:
        with open_home(options) as home:
            return asyncio.run(_Demo(options, home=home, console=console).run())
    except (DemoError, EmbeddedError) as error:
        console.print(str(error), style="red", highlight=False, markup=False, soft_wrap=True)
        return 1


class _Demo:
    def __init__(self, options: DemoOptions, *, home: DemoHome, console: Console) -> None:
        self._options = options
        self._home = home
        self._console = console
        self._ports = DemoPorts(options.port_base)
        self._pids_file = PidsFile(home.pids_file)
        self._stop = asyncio.Event()
        self._exit_code = 0
        self._begun = time.monotonic()
        self._stop_begun = self._begun

    async def run(self) -> int:
        self._make_room()
        secrets = self._home.secrets()
        environment = demo_environment(user_environment(), ports=self._ports, secrets=secrets)
        if self._options.check and environment.real_telegram:
            raise DemoError("--check talks through the sandbox: unset VITTE_TELEGRAM__TOKEN for it.")
        parts = demo_parts(self._home, ports=self._ports, secrets=secrets, environment=environment)
        self._ports.check([*_ALWAYS_LISTEN, *(part.name for part in parts if part.name in ("chat", "llm"))])
        with StartProgress(self._console, parts) as progress:
            supervisor = Supervisor(
                parts,
                pids_file=self._pids_file,
                reporter=progress,
                environment={**environment.variables, **mark_of(self._home.root)},
            )
            self._listen_to_signals(supervisor)

            async def when_ready() -> None:
                progress.stop()
                await self._when_ready(secrets, environment)

            fault = await supervise(supervisor, stop=self._stop, when_ready=when_ready)
        # A part may have put something into a session of its own.
        end_leftovers(self._home.root, pids_file=self._pids_file)
        if fault is not None:
            show_fault(self._console, fault, home=self._home)
            return 1
        self._say(f"Stopped in {time.monotonic() - self._stop_begun:.1f} s.")
        return self._exit_code

    def _make_room(self) -> None:
        if ended := end_leftovers(self._home.root, pids_file=self._pids_file):
            self._say(f"Ended what an earlier demo left running: {', '.join(ended)}.")
        if self._options.reset:
            self._home.empty()
        self._home.put_old_logs_aside()

    async def _when_ready(self, secrets: DemoSecrets, environment: DemoEnvironment) -> None:
        self._say(f"Ready after {time.monotonic() - self._begun:.1f} s.")
        if not self._options.check:
            show_addresses(
                self._console, home=self._home, ports=self._ports, secrets=secrets, environment=environment
            )
            return
        from vitte.main.demo.check import CheckError, ask

        bot_id = int(SANDBOX_TOKEN.partition(":")[0])
        try:
            answer = await ask(
                f"http://{LOCALHOST}:{self._ports.chat}",
                bot_id=bot_id,
                metrics_url=f"http://{LOCALHOST}:{self._ports.bot}/metrics",
            )
        except CheckError as error:
            self._console.print(str(error), style="red", highlight=False, markup=False, soft_wrap=True)
            self._exit_code = 1
        else:
            self._say(f"Asked: {answer.question}\nAnswer: {answer.text}")
            self._say(f"First words after {answer.first:.2f} s, all of it after {answer.full:.2f} s.")
        self._end()

    def _listen_to_signals(self, supervisor: Supervisor) -> None:
        def on_signal() -> None:
            if self._stop.is_set():
                supervisor.kill()
                return
            self._say("Stopping; a second Ctrl-C stops at once.")
            self._end()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, on_signal)

    def _end(self) -> None:
        self._stop_begun = time.monotonic()
        self._stop.set()

    def _say(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)
