"""`vitte doctor`: what is wrong, and what to do about it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from vitte.core.logging import hide_secrets
from vitte.core.settings import Process, Settings
from vitte.main.doctor import backends, machine, telegram
from vitte.main.doctor.finding import Check, Finding, Verdict, wrong
from vitte.main.doctor.model import model_checks
from vitte.main.doctor.settings import check_settings
from vitte.main.doctor.tools import tool_checks

__all__ = ["Finding", "Verdict", "checks_for", "examine", "report"]

_TIMEOUT = 30.0
_LEAST_NAME_WIDTH = 12
_VERDICT_WIDTH = 10


def checks_for(settings: Settings, processes: Sequence[Process]) -> dict[str, Check]:
    """Return every check by its name, in the order in which they are told."""
    return {
        "settings": check_settings(processes),
        "database": backends.check_database,
        "redis": backends.check_redis,
        "token": telegram.check_token,
        "webhook": telegram.check_webhook,
        "certificate": machine.check_certificate,
        "alerts": telegram.check_alerts,
        **model_checks(settings),
        **tool_checks(settings),
        "disk": machine.check_disk,
        "clock": telegram.check_clock,
        "backups": machine.check_backups,
        "bucket": machine.check_bucket,
    }


async def examine(
    settings: Settings,
    checks: Mapping[str, Check],
    *,
    timeout: float = _TIMEOUT,  # noqa: ASYNC109
) -> dict[str, Finding]:
    """Do all checks at once; none can keep another from its end, nor take longer than `timeout` seconds."""

    async def do(check: Check) -> Finding:
        try:
            async with asyncio.timeout(timeout):
                return await check(settings)
        except TimeoutError:
            return wrong(f"no answer within {timeout:.0f} s", "Something in between swallows what is sent.")
        except Exception as error:  # noqa: BLE001 - a check that fails must not hide the others
            return wrong(f"the check failed: {type(error).__name__}: {error}", "This is a fault of Vitte.")

    findings = await asyncio.gather(*(do(check) for check in checks.values()))
    return dict(zip(checks, findings, strict=True))


def report(findings: Mapping[str, Finding], write: Callable[[str], None]) -> bool:
    """Write what was found, a line or two for each; tell whether nothing is wrong."""
    width = max([_LEAST_NAME_WIDTH, *(len(name) + 1 for name in findings)])
    for name, finding in findings.items():
        head = f"{finding.verdict:<{_VERDICT_WIDTH}}{name:<{width}}"
        write(hide_secrets(f"{head}{finding.what}"))
        if finding.cure:
            write(hide_secrets(f"{'':<{_VERDICT_WIDTH + width}}-> {finding.cure}"))
    return all(finding.verdict is not Verdict.WRONG for finding in findings.values())
