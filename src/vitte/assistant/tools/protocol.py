"""What a tool is to the registry."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from vitte.assistant.tools.schemas import Access, ToolContext
from vitte.clients.llm.protocol import Tool


class OfferedTool(Protocol):
    """Something that models may use, for those that it is for."""

    @property
    def definition(self) -> Tool:
        """What the model is told of it."""
        ...

    @property
    def access(self) -> Access:
        """Who may use it, and where."""
        ...

    @property
    def text_key(self) -> str:
        """The text that people are shown while it is used, with the placeholder {what}."""
        ...

    def what(self, arguments: Mapping[str, Any]) -> str:
        """Return what of the arguments people are shown; they may be anything that is JSON."""
        ...

    async def run(self, arguments: Mapping[str, Any], context: ToolContext) -> str:
        """Do it, with arguments that fit the schema. Raises ToolFailedError."""
        ...


class ToolSource(Protocol):
    """Where tools come from that may come and go."""

    async def tools(self) -> Sequence[OfferedTool]:
        """Return those that can be used now."""
        ...

    def known_tools(self) -> Sequence[OfferedTool]:
        """Return those that were there lately, without asking anybody."""
        ...


class PictureMaker(Protocol):
    """What draws pictures for people; where there is one, models are offered a tool that asks it."""

    async def draw(self, description: str, context: ToolContext) -> str:
        """Order a picture for the one who asks; return what the model may say of it.

        Raises ToolFailedError.
        """
        ...
