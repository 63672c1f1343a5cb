"""Why what a person has sent cannot be asked."""

from vitte.core.errors import VitteError


class VoiceNotConfiguredError(VitteError):
    """Nobody is there who hears: the owner has set no model for it."""

    code = "voice_not_configured"
    status = 501
    text_key = "error-voice-not-configured"


class NothingHeardError(VitteError):
    """There is not a word in the recording."""

    code = "nothing_heard"
    status = 422
    text_key = "error-nothing-heard"


class PictureUnsupportedError(VitteError):
    """It is a picture of a kind that no model looks at, or one too large to be sent as a file."""

    code = "picture_unsupported"
    status = 415
    text_key = "error-picture-unsupported"
