"""Does Telegram know the bot, and how do updates come in?"""

from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp

from vitte.core.clock import utc_now
from vitte.core.settings import Settings
from vitte.main.doctor.finding import Finding, doubtful, ok, unused, wrong

_MANY_PENDING = 100
_RECENT = timedelta(hours=1)
_SKEW_NOTICED, _SKEW_HARMFUL = 5.0, 60.0
_UNREACHABLE = "Can this machine reach {url}? A firewall, DNS or a proxy may be in the way."


class RefusedError(Exception):
    """Telegram answered, and said no."""


async def call(settings: Settings, method: str, **params: Any) -> tuple[Any, str]:
    """Call a method of the Bot API; return its result, and the time that Telegram's server has.

    Raises RefusedError with Telegram's words, and aiohttp.ClientError or OSError, whose words may hold the
    token.
    """
    telegram = settings.telegram
    url = f"{telegram.api_url}/bot{telegram.token.get_secret_value()}/{method}"
    async with aiohttp.ClientSession() as client, client.post(url, json=params) as response:
        answer = await response.json(content_type=None)
        if not isinstance(answer, dict) or not answer.get("ok"):
            raise RefusedError(str(answer.get("description")) if isinstance(answer, dict) else "no JSON")
        return answer["result"], response.headers.get("Date", "")


def _unreachable(settings: Settings, error: Exception) -> Finding:
    url = settings.telegram.api_url
    return wrong(f"{url} cannot be reached: {type(error).__name__}", _UNREACHABLE.format(url=url))


async def check_token(settings: Settings) -> Finding:
    """The token belongs to a bot."""
    if not settings.telegram.token.get_secret_value():
        return wrong("there is no token", "Get one from @BotFather and set VITTE_TELEGRAM__TOKEN.")
    try:
        me, _ = await call(settings, "getMe")
    except RefusedError as error:
        return wrong(
            f"Telegram does not know the token: {error}",
            "Copy the token from @BotFather to VITTE_TELEGRAM__TOKEN once more.",
        )
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return _unreachable(settings, error)
    return ok(f"the bot is @{me.get('username')}")


async def check_webhook(settings: Settings) -> Finding:
    """Updates come in the way that is set."""
    try:
        info, _ = await call(settings, "getWebhookInfo")
    except RefusedError as error:
        return wrong(f"Telegram tells nothing of the webhook: {error}", "See what is said of the token.")
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return _unreachable(settings, error)
    wanted = settings.telegram.webhook_url if settings.telegram.mode == "webhook" else ""
    return _judge_webhook(info, wanted=wanted)


def _judge_webhook(info: dict[str, Any], *, wanted: str) -> Finding:
    url, pending = str(info.get("url") or ""), int(info.get("pending_update_count") or 0)
    if url and not wanted:
        return wrong(
            "a webhook is set although the mode is polling: nothing comes in",
            "Start the bot, which removes it, and make sure that no other deployment sets it again.",
        )
    if url != wanted:
        return wrong(
            f"Telegram calls {url or 'nobody'}, not {wanted}",
            "Start the bot, which sets it, and make sure that no other deployment sets it otherwise.",
        )
    if wanted and _is_recent(info.get("last_error_date")):
        return wrong(
            f"Telegram's last call failed: {info.get('last_error_message')} ({pending} updates wait)",
            "Look at the proxy and the api process: the address must answer with a valid certificate.",
        )
    return _pending(pending, "Telegram calls the webhook" if wanted else "the bot polls")


def _is_recent(timestamp: object) -> bool:
    return isinstance(timestamp, int) and utc_now().timestamp() - timestamp < _RECENT.total_seconds()


def _pending(pending: int, what: str) -> Finding:
    if pending > _MANY_PENDING:
        return doubtful(
            f"{what}, but {pending} updates wait at Telegram", "Is the bot running, and does it keep up?"
        )
    return ok(f"{what}; {pending} updates wait at Telegram")


async def check_alerts(settings: Settings) -> Finding:
    """The bot may write to the one who is told of alerts."""
    chat_id = settings.alerts.chat_id
    if not chat_id:
        return unused("VITTE_ALERTS__CHAT_ID is not set: nobody is told of alerts")
    try:
        await call(settings, "getChat", chat_id=chat_id)
    except RefusedError as error:
        return wrong(
            f"the bot cannot write to chat {chat_id}: {error}",
            "Write to the bot from that account first, and check VITTE_ALERTS__CHAT_ID.",
        )
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return _unreachable(settings, error)
    return ok(f"alerts go to chat {chat_id}")


async def check_clock(settings: Settings) -> Finding:
    """This machine's clock is right, by Telegram's."""
    try:
        async with (
            aiohttp.ClientSession() as client,
            client.head(settings.telegram.api_url, allow_redirects=False) as response,
        ):
            date = response.headers.get("Date", "")
    except (aiohttp.ClientError, OSError) as error:
        return _unreachable(settings, error)
    if not date:
        return doubtful("nobody tells what time it is", "Make sure that NTP runs: `timedatectl`.")
    ahead = (utc_now() - parsedate_to_datetime(date)).total_seconds()
    what = f"the clock is {abs(ahead):.0f} s {'ahead' if ahead > 0 else 'behind'}"
    if abs(ahead) > _SKEW_HARMFUL:
        return wrong(what, "Switch time synchronisation on: `timedatectl set-ntp true`.")
    if abs(ahead) > _SKEW_NOTICED:
        return doubtful(what, "Does NTP run? `timedatectl`.")
    return ok("the clock is right")
