"""5,000 people at once: the whole of Vitte under load. Run with `make load`; for Linux."""
