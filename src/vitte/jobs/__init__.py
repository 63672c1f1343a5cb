"""Durable background work: rows in PostgreSQL, of which Redis only tells."""
