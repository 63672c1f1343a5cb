"""Why a tool could not be used."""


class ToolFailedError(Exception):
    """A tool could not do what was asked; the text is a sentence for the model, with no secret in it."""
