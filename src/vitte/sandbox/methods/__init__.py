"""The Bot API methods that the sandbox plays, one module a family."""

import vitte.core.aiogram_models  # noqa: F401 - before any other import of aiogram
