"""Backups in a bucket of any server that speaks S3: another place than the one that may burn."""

from pathlib import Path

from vitte.backups.archives import made_at, manifest_name
from vitte.backups.errors import BackupError
from vitte.core.settings.operating import BackupSettings

_PIECE = 8 << 20


class Bucket:
    """The same files as in the folder, under a prefix. Raises BackupError whatever the server says."""

    def __init__(self, settings: BackupSettings) -> None:
        from obstore.store import S3Store

        self._store = S3Store(
            settings.s3_bucket,
            prefix=settings.s3_prefix.strip("/") or None,
            endpoint=settings.s3_url,
            region=settings.s3_region,
            access_key_id=settings.s3_access_key,
            secret_access_key=settings.s3_secret_key.get_secret_value(),
            virtual_hosted_style_request=False,
            client_options={
                "allow_http": True,
                "timeout": f"{settings.timeout:.0f}s",
                "connect_timeout": "10s",
            },
        )

    @classmethod
    def of(cls, settings: BackupSettings) -> "Bucket | None":
        """Return the bucket in the settings, if there is one."""
        return cls(settings) if settings.s3_url else None

    async def names(self) -> list[str]:
        """Return all backups that are whole, the newest first."""
        import obstore

        try:
            there = {
                str(item["path"]).rpartition("/")[2]
                async for batch in obstore.list(self._store)
                for item in batch
            }
        except obstore.exceptions.BaseError as error:
            raise BackupError(f"the bucket does not answer: {_reason(error)}") from None
        return sorted(
            (name for name in there if made_at(name) and manifest_name(name) in there), reverse=True
        )

    async def upload(self, folder: Path, name: str) -> None:
        """Copy a backup there: its manifest last, so that half of one is none."""
        import obstore

        try:
            for part in (name, manifest_name(name)):
                await obstore.put_async(
                    self._store, part, folder / part, chunk_size=_PIECE, max_concurrency=2
                )
                there = (await obstore.head_async(self._store, part))["size"]
                if there != (folder / part).stat().st_size:
                    raise BackupError(f"{part} came to the bucket with {there} bytes")
        except obstore.exceptions.BaseError as error:
            raise BackupError(f"{name} was not uploaded: {_reason(error)}") from None

    async def download(self, name: str, folder: Path) -> None:
        """Copy a backup from there into `folder`."""
        import obstore

        try:
            for part in (name, manifest_name(name)):
                answer = await obstore.get_async(self._store, part)
                with (folder / part).open("wb") as file:
                    async for piece in answer.stream(min_chunk_size=_PIECE):
                        file.write(piece)
        except obstore.exceptions.BaseError as error:
            raise BackupError(f"{name} was not downloaded: {_reason(error)}") from None

    async def remove(self, name: str) -> None:
        """Delete a backup there."""
        import obstore

        try:
            await obstore.delete_async(self._store, [manifest_name(name), name])
        except obstore.exceptions.BaseError as error:
            raise BackupError(f"{name} was not deleted from the bucket: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    # The rest of its words is the request, signature included.
    return str(error).splitlines()[0][:300]
