"""What is counted of the servers that tools talk to."""

from prometheus_client import Counter

MCP_CONNECTIONS = Counter(
    "vitte_mcp_connections", "Sessions with MCP servers: made, failed, lost, ended.", ["server", "outcome"]
)
