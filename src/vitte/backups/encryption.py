"""Encrypted backups, in the format of age (https://age-encryption.org): any age opens them with the key."""

import hashlib
from pathlib import Path
from typing import Any

from vitte.backups.errors import BackupError
from vitte.core.settings.operating import BackupSettings


class Seal:
    """Encrypts for a public key and opens with a secret one; whoever has only the first cannot read."""

    def __init__(self, settings: BackupSettings) -> None:
        self._recipient = settings.recipient
        self._identity = settings.identity.get_secret_value()

    @property
    def encrypts(self) -> bool:
        """Tell whether there is a key to encrypt for."""
        return bool(self._recipient or self._identity)

    def encrypt(self, plain: Path, sealed: Path) -> None:
        """Write `sealed`, and where the secret key is there make sure that it opens. Raises BackupError."""
        import pyrage

        try:
            recipient = (
                pyrage.x25519.Recipient.from_str(self._recipient)
                if self._recipient
                else self._parse_identity().to_public()
            )
        except pyrage.RecipientError as error:
            raise BackupError(f"VITTE_BACKUP__RECIPIENT is no public key of age: {error}") from None
        pyrage.encrypt_file(str(plain), str(sealed), [recipient])
        if self._identity:
            written = _Digest()
            self._open(sealed, written)
            with plain.open("rb") as file:
                if hashlib.file_digest(file, "sha256").digest() != written.digest():
                    raise BackupError("what was encrypted does not come out as it went in")

    def decrypt(self, sealed: Path, plain: Path) -> None:
        """Write `plain`. Raises BackupError without the right secret key."""
        if not self._identity:
            raise BackupError("the backup is encrypted: set VITTE_BACKUP__IDENTITY to the secret key")
        with plain.open("wb") as file:
            self._open(sealed, file)

    def _open(self, sealed: Path, into: object) -> None:
        import pyrage

        identity = self._parse_identity()
        try:
            with sealed.open("rb") as file:
                pyrage.decrypt_io(file, into, [identity])
        except pyrage.DecryptError as error:
            raise BackupError(f"VITTE_BACKUP__IDENTITY does not open {sealed.name}: {error}") from None

    def _parse_identity(self) -> Any:
        import pyrage

        try:
            return pyrage.x25519.Identity.from_str(self._identity)
        except pyrage.IdentityError:
            raise BackupError("VITTE_BACKUP__IDENTITY is no secret key of age") from None


class _Digest:
    """A file that keeps nothing but its checksum."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def write(self, piece: bytes) -> int:
        self._hash.update(piece)
        return len(piece)

    def flush(self) -> None:
        """Nothing waits here."""

    def digest(self) -> bytes:
        return self._hash.digest()


def new_key() -> tuple[str, str]:
    """Return a new public key and its secret key."""
    import pyrage

    identity = pyrage.x25519.Identity.generate()
    return str(identity.to_public()), str(identity)
