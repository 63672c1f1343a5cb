"""What Vitte costs. Run with `make bench`; for Linux, and not part of the package."""
