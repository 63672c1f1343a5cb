"""A Telegram in a box: a Bot API server over HTTP, the people who talk to bots, and faults on demand.

Serves the demo, the tests, the chaos suite and the load bench. Imports nothing of ours but `vitte.core`.
"""
