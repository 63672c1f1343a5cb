"""The Bot API methods that the sandbox plays, one module a family."""
