"""The process that answers people: updates in, handlers, replies out."""
