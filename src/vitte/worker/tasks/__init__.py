"""Jobs, one file a room; every file here is found by itself."""
