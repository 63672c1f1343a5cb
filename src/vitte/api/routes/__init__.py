"""Routes of the public HTTP interface, one file a topic."""
