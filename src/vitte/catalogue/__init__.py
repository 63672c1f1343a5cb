"""What people choose from: personas and language models."""
