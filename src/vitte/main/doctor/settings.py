"""Is everything set that has to be?"""

from collections.abc import Sequence

from vitte.core.settings import Process, Settings, SettingsError
from vitte.main.doctor.finding import Check, Finding, doubtful, ok, wrong


def check_settings(processes: Sequence[Process]) -> Check:
    """Make the check of what these processes need."""

    async def check(settings: Settings) -> Finding:
        faults: list[str] = []
        for process in processes:
            try:
                settings.check_secrets(process)
            except SettingsError as error:
                # The rest of its words is the same for all.
                faults += [
                    fault for fault in str(error).partition(". ")[0].split("; ") if fault not in faults
                ]
        if faults:
            return wrong(
                "; ".join(faults),
                "`vitte init` generates secrets; the bot's token comes from @BotFather. What runs elsewhere"
                " may be left out: `vitte doctor --process bot`.",
            )
        if settings.environment != "production":
            return doubtful(
                f"the environment is {settings.environment}: secrets are not checked",
                "Set VITTE_ENVIRONMENT=production where people are served.",
            )
        return ok(f"nothing is missing for {', '.join(processes)}")

    return check
