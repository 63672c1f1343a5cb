"""What the tools of models talk to."""
