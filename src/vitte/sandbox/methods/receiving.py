"""How a bot gets its updates."""

import ipaddress
import re
from typing import Any
from urllib.parse import SplitResult, urlsplit

import orjson

from vitte.sandbox.errors import BotApiError, bad_request, conflict
from vitte.sandbox.methods.call import Call, plays
from vitte.sandbox.model import Json, Webhook

_LIMIT_MAX = 100
_CONNECTIONS_MAX = 100
_CONNECTIONS_DEFAULT = 40
_SECRET_LIMIT = 256
_PORTS = (443, 80, 88, 8443)
_HTTP_CONFLICT = 409
_WEBHOOK_ACTIVE = (
    "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)


def _take_allowed_updates(call: Call) -> None:
    """Change what kinds of updates the bot gets, if the call says so; an empty list means the default."""
    allowed = call.params.data("allowed_updates")
    if isinstance(allowed, list):
        call.bot.allowed_updates = [str(kind).lower() for kind in allowed] or None
        call.sandbox.world.save_bot(call.bot)


@plays("getUpdates")
async def get_updates(call: Call) -> orjson.Fragment:
    """Hand out updates, waiting for one if there is none; https://core.telegram.org/bots/api#getupdates ."""
    if call.bot.webhook is not None:
        raise conflict(_WEBHOOK_ACTIVE)
    _take_allowed_updates(call)
    limit = call.params.integer("limit") if "limit" in call.params.values else _LIMIT_MAX
    queue = call.sandbox.world.queue(call.bot.id)
    try:
        bodies = await queue.get(
            offset=call.params.integer("offset"),
            limit=min(max(limit, 1), _LIMIT_MAX),
            timeout=min(max(call.params.integer("timeout"), 0), call.sandbox.settings.poll_timeout_max),
        )
    except BotApiError as error:
        if error.status == _HTTP_CONFLICT:
            await queue.hold_conflict()
        raise
    return orjson.Fragment(b"[" + b",".join(bodies) + b"]")


@plays("setWebhook")
async def set_webhook(call: Call) -> bool:
    """Send updates to an address from now on; an empty one means by getUpdates again."""
    url = call.params.text("url")
    webhook = _webhook(call, url) if url else None
    sandbox, bot = call.sandbox, call.bot
    queue = sandbox.world.queue(bot.id)
    await sandbox.webhooks.stop(bot.id)
    if call.params.flag("drop_pending_updates"):
        queue.drop_all()
    if webhook is not None:
        queue.end_poll(quietly=False)
    _take_allowed_updates(call)
    bot.webhook = webhook
    sandbox.world.save_bot(bot)
    await sandbox.webhooks.start(bot, queue)
    return True


@plays("deleteWebhook")
async def delete_webhook(call: Call) -> bool:
    """Send updates by getUpdates again."""
    sandbox, bot = call.sandbox, call.bot
    await sandbox.webhooks.stop(bot.id)
    if call.params.flag("drop_pending_updates"):
        sandbox.world.queue(bot.id).drop_all()
    bot.webhook = None
    sandbox.world.save_bot(bot)
    return True


@plays("getWebhookInfo")
async def get_webhook_info(call: Call) -> Json:
    """Return the `WebhookInfo`."""
    bot = call.bot
    webhook = bot.webhook or Webhook("")
    info: dict[str, Any] = {
        "url": webhook.url,
        "has_custom_certificate": webhook.has_certificate,
        "pending_update_count": len(call.sandbox.world.queue(bot.id)),
    }
    if webhook.url:
        info["max_connections"] = webhook.max_connections
        info["ip_address"] = webhook.ip_address or "127.0.0.1"
    if webhook.last_error_date is not None:
        info["last_error_date"] = webhook.last_error_date
        info["last_error_message"] = webhook.last_error_message
    if bot.allowed_updates is not None:
        info["allowed_updates"] = bot.allowed_updates
    return info


def _webhook(call: Call, url: str) -> Webhook:
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise bad_request("invalid webhook URL specified") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise bad_request("invalid webhook URL specified")
    secret = call.params.text("secret_token")
    if len(secret.encode()) > _SECRET_LIMIT:
        raise bad_request("secret token is too long")
    if re.fullmatch(r"[A-Za-z0-9_-]*", secret) is None:
        raise bad_request("secret token contains unallowed characters")
    if not (call.sandbox.settings.http_webhooks_allowed and _is_here(parts)):
        if parts.scheme != "https":
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        if port not in _PORTS:
            raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
    asked = call.params.integer("max_connections") or _CONNECTIONS_DEFAULT
    return Webhook(
        parts.geturl(),
        secret_token=secret,
        max_connections=min(max(asked, 1), _CONNECTIONS_MAX),
        ip_address=call.params.text("ip_address") or None,
        has_certificate=call.params.file("certificate") is not None,
    )


def _is_here(parts: SplitResult) -> bool:
    if parts.hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False
