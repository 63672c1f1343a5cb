"""Settings of every process, in sections, from the environment and an optional `.env` file."""

from vitte.core.settings.files import SettingsError
from vitte.core.settings.root import Environment, Process, Settings, load_settings

__all__ = ["Environment", "Process", "Settings", "SettingsError", "load_settings"]
