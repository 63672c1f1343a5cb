"""Servers that speak the Model Context Protocol (https://modelcontextprotocol.io).

Only `session` and `transport` import the protocol's library, which takes a second of CPU and 35 MB: a process
without such servers must not load it.
"""
