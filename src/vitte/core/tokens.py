"""How many tokens a text takes of a model's context, without asking the model."""

IMAGE_TOKENS = 1000
"""What a picture takes at most, at the size that we send it in.

OpenAI counts 765 for one of 1024 x 1024, others some more:
https://platform.openai.com/docs/guides/images-vision .
"""
_BYTES_PER_TOKEN = 3.5
_PER_MESSAGE = 4


def count_tokens(text: str) -> int:
    """Return an estimate that is rather too high, for a text as one message.

    Each model has a vocabulary of its own, and few can be had without a download. But all are made on UTF-8:
    an English token is about 4 bytes, a Russian one 4 to 5, a Chinese one 3 to 4.
    """
    return int(len(text.encode("utf-8", "replace")) / _BYTES_PER_TOKEN) + _PER_MESSAGE


def head_of(text: str, tokens: int) -> str:
    """Return the longest beginning of a text that takes at most about so many tokens."""
    room = max(0, int((tokens - _PER_MESSAGE) * _BYTES_PER_TOKEN))
    return text.encode("utf-8", "replace")[:room].decode("utf-8", "ignore")
