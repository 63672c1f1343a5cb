"""What can go wrong with a backup."""


class BackupError(Exception):
    """A backup could not be made, found, opened or put back; the text says so to the operator."""
