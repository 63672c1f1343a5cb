"""What models may use: the search, the clock, and the servers of others."""

import re
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl, SecretStr, model_validator

from vitte.core.settings.backends import Seconds

QUERY = "{query}"
KEY = "{key}"
_SERVER_NAME = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,22}[a-zA-Z0-9])?")


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("no such time zone; one looks like Europe/Berlin") from None
    return name


def _search_url(url: str) -> str:
    if not url:
        return url
    HttpUrl(url)
    if QUERY not in url:
        raise ValueError(f"the address needs {QUERY} where the words to search for go")
    return url


def _server_name(name: str) -> str:
    # It begins the names of the server's tools, which models take in these letters alone.
    if not _SERVER_NAME.fullmatch(name):
        raise ValueError("a server's name is 1 to 24 letters, digits or hyphens")
    return name


def _address(url: str) -> str:
    if url:
        HttpUrl(url)
    return url


class McpServerSettings(BaseModel):
    """A server that speaks the Model Context Protocol: at an address, or as a command of this machine."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, AfterValidator(_address)] = ""
    headers: dict[str, SecretStr] = {}
    command: str = ""
    args: list[str] = []
    env: dict[str, SecretStr] = {}
    plans: list[str] = []
    people: list[int] = []
    groups: bool = False

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if bool(self.url) == bool(self.command):
            raise ValueError("a server has either a url or a command")
        if self.url and (self.args or self.env):
            raise ValueError("args and env belong to a command")
        if self.command and self.headers:
            raise ValueError("headers belong to a url")
        return self


class ToolSettings(BaseModel):
    """What models may use to answer."""

    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        "UTC", description="Zone in which the time is told when nobody names one, e.g. Europe/Berlin."
    )
    search_url: Annotated[str, AfterValidator(_search_url)] = Field(
        "",
        description="Search that answers in JSON, with {query} for the words; empty: models cannot search.",
    )
    search_key: SecretStr = Field(
        SecretStr(""), description="Sent in `SEARCH_HEADER`, or in place of {key} in the address."
    )
    search_header: str = Field("Authorization", description="Header in which the search wants its key.")
    search_results: int = Field(6, ge=1, le=20, description="Results of a search that a model is shown.")
    search_plans: list[str] = Field(
        default_factory=list, description='Plans with search, e.g. ["pro"]; empty: all.'
    )
    search_in_groups: bool = Field(default=True, description="Search also for questions of groups.")
    mcp_servers: dict[Annotated[str, AfterValidator(_server_name)], McpServerSettings] = Field(
        default_factory=dict,
        description='MCP servers by name: {"notes": {"url": "https://...", "headers": {...}}, '
        '"files": {"command": "...", "args": [], "env": {}}}; see docs/tools.md.',
    )
    mcp_connect_timeout: Seconds = Field(10, description="Seconds to connect to an MCP server.")
    mcp_wait: Seconds = Field(3, description="Seconds that an answer waits for a server that is connecting.")
    mcp_refresh: Seconds = Field(300, description="Seconds after which a server's list of tools is renewed.")
    timeout: Seconds = Field(20, description="Seconds that one use of a tool may take.")
    output_limit: int = Field(8000, ge=500, description="Characters of a tool's output shown to the model.")
    max_calls: int = Field(8, ge=1, description="Uses of tools for one answer.")
    max_rounds: int = Field(4, ge=1, description="Times that a model may ask for tools for one answer.")
