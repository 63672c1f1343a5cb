"""The assistant: a question in, a streamed answer out."""
