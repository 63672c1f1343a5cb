"""Conversations: which one is current, what it is called, how long it is kept."""
