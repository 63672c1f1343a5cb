"""The process that answers people: updates in, handlers, replies out."""

import vitte.core.aiogram_models  # noqa: F401 - before any other import of aiogram
