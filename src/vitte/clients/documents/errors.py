"""Why a file could not be taken."""

from vitte.core.errors import VitteError


class FileError(VitteError):
    """A file that a person sent cannot be taken. `name` is what the person calls it."""

    code = "file_failed"
    status = 422
    text_key = "error-file-broken"


class FileTooLargeError(FileError):
    """It has more bytes than are taken; `limit` is in megabytes."""

    code = "file_too_large"
    status = 413
    text_key = "error-file-too-large"


class FileUnsupportedError(FileError):
    """It is of a kind whose words cannot be read."""

    code = "file_unsupported"
    status = 415
    text_key = "error-file-unsupported"


class FileEncryptedError(FileError):
    """It wants a password."""

    code = "file_encrypted"
    text_key = "error-file-encrypted"


class FileWithoutTextError(FileError):
    """There is not a word in it: a scan, or an empty file."""

    code = "file_without_text"
    text_key = "error-file-without-text"


class FileBrokenError(FileError):
    """It is not what it says it is, or damaged."""

    code = "file_broken"
    text_key = "error-file-broken"


class FileTooComplexError(FileError):
    """Reading it would take more time or memory than a file may: a very large one, or one made to do harm."""

    code = "file_too_complex"
    text_key = "error-file-too-complex"


class FileUnavailableError(FileError):
    """Telegram does not hand it out just now."""

    code = "file_unavailable"
    status = 503
    text_key = "error-file-unavailable"
