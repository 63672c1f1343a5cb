"""The owner's panel."""
