"""Copies in Redis of what PostgreSQL knows: never wrong for long, and never needed."""
