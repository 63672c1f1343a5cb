"""What models may use: which tools there are for whom, and the running of their calls."""
