"""What watches over the product, and what keeps copies of it."""

from pydantic import BaseModel, Field, SecretStr, model_validator

from vitte.core.settings.backends import Port, Seconds


class SentrySettings(BaseModel):
    """Reports of unexpected errors, to Sentry or to what speaks like it."""

    dsn: SecretStr = Field(SecretStr(""), description="Where reports go; empty: nowhere.")


class AlertSettings(BaseModel):
    """Who is told when something is wrong."""

    chat_id: int = Field(
        0, description="Telegram chat of the owner, who has to write to the bot first; 0: nobody is told."
    )


class BackupSettings(BaseModel):
    """Copies of the database, made by `vitte backup`."""

    folder: str = Field("backups", description="Where they are kept.")
    keep_last: int = Field(7, ge=1, description="Newest backups, which are kept however old they are.")
    keep_days: int = Field(30, ge=1, description="Days after which others are deleted.")
    timeout: Seconds = Field(3600, description="Seconds that one step of a backup may take.")
    bin_dir: str = Field(
        "", description="Folder of pg_dump, pg_restore and psql; empty: those that fit the server."
    )
    recipient: str = Field(
        "", description="Public key (age1...) to encrypt for; `vitte backup key` makes a pair."
    )
    identity: SecretStr = Field(
        SecretStr(""), description="Secret key (AGE-SECRET-KEY-1...) that opens encrypted ones."
    )
    s3_url: str = Field("", description="An S3 server, such as https://s3.example.org; empty: none.")
    s3_bucket: str = Field("", description="The bucket there; it must exist.")
    s3_prefix: str = Field("vitte/", description="What names in the bucket begin with.")
    s3_region: str = "us-east-1"
    s3_access_key: str = ""
    s3_secret_key: SecretStr = SecretStr("")
    host: str = "127.0.0.1"
    port: Port = Field(8005, description="Health and metrics of `vitte backup --every`.")

    @model_validator(mode="after")
    def _s3_is_complete(self) -> "BackupSettings":
        # The secret is asked of the process that uses it: the others may share these settings, and not that.
        if self.s3_url and not (self.s3_bucket and self.s3_access_key):
            raise ValueError("s3_url needs s3_bucket and s3_access_key as well")
        return self
