"""What a sandbox can be told when it starts."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxLimits:
    """Telegram's sending limits, a little stricter than the real ones; rates are per second of the clock.

    Telegram publishes "avoid more than one message per second in a chat", "20 messages per minute to the same
    group" and "about 30 messages per second" in mailings, and keeps the exact rules to itself:
    https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this . Bursts and penalties are
    ours.
    """

    enabled: bool = True
    chat_rate: float = 1.0
    """Messages and edits a second that one chat takes in the long run."""
    chat_burst: int = 3
    """Messages and edits that may come at once to a rested chat."""
    chat_penalty: int = 2
    """Least `retry_after`, in seconds, when a private chat is over its limit."""
    group_per_minute: int = 20
    """Messages and edits to one group in any minute."""
    overall_rate: float = 30.0
    """Messages and edits a second of one bot over all chats, replies left out."""
    overall_burst: int = 30
    reply_rate: float = 100.0
    """Replies a second of one bot over all chats. A reply is a message or edit in a private chat whose person
    did something there within `reply_window`. An assumption: Telegram names 30 a second for mailings, and no
    number for replies."""
    reply_burst: int = 100
    reply_window: float = 60.0
    """Seconds for which what a bot writes to a person counts as a reply. An assumption as well."""
    draft_rate: float = 1.0
    """Drafts a second that one chat takes in the long run; drafts do not count as messages."""
    draft_burst: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSettings:
    """Where the sandbox listens, what it remembers and what it pretends."""

    host: str = "127.0.0.1"
    port: int = 8081
    """Port to listen on; 0 takes a free one."""
    state_dir: Path | None = None
    """Folder that keeps the world over restarts; None keeps it in memory only."""
    call_log: Path | None = None
    """File that gets one JSON line per Bot API call and per delivered update."""
    call_log_memory: int = 10_000
    """Latest calls, and as many latest deliveries, kept for `GET /sandbox/control/calls`."""
    static_dir: Path | None = None
    """Folder of the chat page; None takes the one beside this module."""
    bot_name: str = "Vitte"
    bot_username: str = "vitte_bot"
    """Name and username of the first bot; later ones get theirs with their id inside."""
    limits: SandboxLimits = field(default_factory=SandboxLimits)
    faults_allowed: bool = True
    """Whether `/sandbox/control/faults` and `/sandbox/control/updates` are open."""
    http_webhooks_allowed: bool = True
    """Take http:// webhook addresses on this machine and any port there; Telegram takes https:// on ports
    80, 88, 443 and 8443 only."""
    webhook_timeout: float = 60.0
    """Seconds a webhook may take to answer."""
    webhook_retry_delay: float = 1.0
    """Seconds that the delay before a repeated delivery starts from: the first repeat comes at once, the next
    after twice this, then twice as long each time up to `webhook_retry_delay_max`."""
    webhook_retry_delay_max: float = 60.0
    poll_timeout_max: float = 50.0
    """Seconds a long poll may wait at most, as at Telegram."""
    conflict_delay: float = 3.0
    """Seconds within which a second "terminated by other getUpdates" answer is held back, as at Telegram."""
    draft_lifetime: float = 30.0
    callback_lifetime: float = 60.0
    """Seconds for which a pressed button may be answered. Telegram does not say how long it waits."""
    history_per_chat: int = 1_000
    """Messages kept in a chat; older ones are forgotten."""
    flush_interval: float = 0.05
    """Seconds between two writes of what changed to `state_dir`."""
