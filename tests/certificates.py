"""Certificates that nobody else trusts."""

import subprocess
from pathlib import Path


def make_certificate(folder: Path, *, days: int = 1, name: str = "DNS:localhost") -> tuple[Path, Path]:
    """Make a certificate that signs itself, for `name`; return it and its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
                "-days",
                str(days),
            ),
            *("-keyout", key, "-out", certificate),
            *("-subj", "/CN=Test of Vitte", "-addext", f"subjectAltName={name}"),
        ],
        capture_output=True,
        check=True,
    )
    return certificate, key
