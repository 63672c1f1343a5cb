"""Names of background jobs: whoever sends one needs no more than its name."""

from typing import Final

QUEUE: Final = "default"
"""The queue of every job that has none of its own."""

CLEAN_UP_OLD_MESSAGES: Final = "maintenance.cleanup_old_messages"
TEST_TASK: Final = "maintenance.test_task"
TITLE_DIALOG: Final = "dialogs.title_dialog"
