"""Where the parts are put together: one file a process, and the command line."""
