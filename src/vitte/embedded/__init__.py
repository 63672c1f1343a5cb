"""PostgreSQL, Redis and a small AI from PyPI wheels: started here without root, Docker or a network."""
