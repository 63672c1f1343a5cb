"""What the models say, and what goes wrong with them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

Fault = Literal[
    "refused",
    "overloaded",
    "broken",
    "silent",
    "stalls",
    "cut",
    "endless",
    "not_json",
    "error_event",
    "empty",
    "reset",
]

ToolStyle = Literal["pieces", "whole", "no_id", "no_index", "counting"]
"""How tool calls are streamed: by the protocol, or as Ollama, older Ollama, Gemini and Cerebras do."""


@dataclass(frozen=True, kw_only=True)
class ToolUse:
    """A tool that the model wants used."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class Script:
    """How the models behave: seconds to the first token and between tokens, and what goes wrong."""

    answer: str | None = None
    json_answer: str | None = None
    """What it answers when it is told to answer with JSON; None: what it answers else."""
    first_token: float = 0.0
    between_tokens: float = 0.0
    fault: Fault | None = None
    faults: list[Fault | None] = field(default_factory=list)
    """Those of the next calls, one each; `fault` is what comes after them."""
    retry_after: float | str | None = None
    """What "overloaded" tells of when to come back: seconds, or an HTTP date."""
    thoughts: int = 0
    """Pieces of reasoning that it streams before it says a word, as DeepSeek's and Qwen's models do."""
    words: int = 0
    """Least length of an answer; what the answer itself lacks is filled up, to `max_tokens` at most."""
    known_models: list[str] = field(default_factory=list)
    """Names by which it can be asked; if there are none, by any."""
    sees_images: bool = True
    takes_tools: bool = True
    is_reasoning: bool = False
    """Whether it refuses `max_tokens` and any temperature, as OpenAI's reasoning models do."""
    tells_usage: bool = True
    tool_uses: list[ToolUse] = field(default_factory=list)
    """Tools that it wants used before it answers, when it is offered any."""
    tool_style: ToolStyle = "pieces"
    transcript: str | None = None
    """What it hears; if None, what the recording itself tells when it was spoken here, else some words."""
    speaks: Literal["opus", "wav"] = "opus"
    keeps_requests: bool = True
    holds_after: int | None = None
    """Tokens after which it says nothing until `go_on` is set."""
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    requests: list[dict[str, Any]] = field(default_factory=list)
    """Bodies of the calls for an answer so far, oldest first."""
    media_requests: list[dict[str, Any]] = field(default_factory=list)
    """What was given to hear, to speak and to embed."""
    keys: list[str] = field(default_factory=list)
    """The Authorization header of each call."""
    on_end: Callable[[str, float, float], None] | None = None
    """Told of an answer that was read to its end: the question, and Unix times of its begin and end."""
    abandoned: int = 0
    """Answers that nobody read to their end."""
    calls: int = 0
    going_on: int = 0
    most_going_on: int = 0
    """Calls so far, at this moment, and at once."""

    def hold_after(self, tokens: int) -> None:
        """Let it say so many tokens of each answer, whatever it holds back now, and then nothing."""
        self.holds_after = tokens
        self.go_on.set()
        self.go_on.clear()

    def next_fault(self) -> Fault | None:
        """Return what goes wrong with the call that has come."""
        return self.faults.pop(0) if self.faults else self.fault
