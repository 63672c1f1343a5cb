"""Write what is made from the settings: .env.example, and the tables of docs/configuration.md."""

from pathlib import Path

from vitte.core.settings.example import env_text
from vitte.core.settings.reference import reference_text

ROOT = Path(__file__).resolve().parent.parent
HEADING = "## Every setting\n"

(ROOT / ".env.example").write_text(env_text(), "utf-8")
page = ROOT / "docs" / "configuration.md"
before, _, _ = page.read_text("utf-8").partition(HEADING)
page.write_text(f"{before}{HEADING}{reference_text()}\n", "utf-8")
