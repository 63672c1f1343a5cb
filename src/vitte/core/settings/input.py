"""What people send beside text."""

from pydantic import BaseModel, Field

from vitte.core.settings.backends import Seconds


class FilesSettings(BaseModel):
    """Files, pictures and voice messages that people send."""

    max_megabytes: int = Field(
        20, ge=1, description="Largest file that is taken; Telegram's own servers hand out none above 20."
    )
    download_timeout: Seconds = Field(60, description="Seconds to fetch a file from Telegram.")
    downloads: int = Field(4, ge=1, description="Files fetched at once by a process; each is held in memory.")
    max_pages: int = Field(200, ge=1, description="Pages of a PDF that are read.")
    max_characters: int = Field(
        60_000,
        ge=1000,
        description="Characters of a file that the model is shown; the rest is cut, and said so.",
    )
    extract_timeout: Seconds = Field(30, description="Seconds to read a file.")
    cpu_seconds: int = Field(20, ge=1, description="Seconds of CPU that reading one file may take.")
    memory_megabytes: int = Field(
        320, ge=128, description="Memory that reading one file may take, in the child process that reads it."
    )
    concurrency: int = Field(2, ge=1, description="Files read at once by a process.")
    album_wait: Seconds = Field(1.0, description="Seconds to wait for the other parts of an album.")
    max_image_megabytes: int = Field(
        5, ge=1, description="Largest picture that the model is shown; photos are far smaller."
    )
    max_images: int = Field(10, ge=1, description="Pictures of one question that the model is shown.")

    @property
    def max_image_bytes(self) -> int:
        """The largest picture, in bytes."""
        return self.max_image_megabytes << 20

    @property
    def max_bytes(self) -> int:
        """The largest file, in bytes."""
        return self.max_megabytes << 20
