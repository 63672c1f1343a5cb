"""How long tests wait."""

PATIENCE = 60.0
"""Seconds for what must happen.

It proves nothing: what happens at once on a quiet machine takes its time on one that is busy with three other
tests, and a bound near to what is usual fails there. That something does not take long is told by the order
of events, or by what it would have to wait for otherwise, which takes far longer than this.
"""
