"""Names of background work: whoever asks for it needs no more than its name."""

from typing import Final

QUEUE: Final = "default"
"""The queue of every job that has none of its own."""
LATER_QUEUE: Final = "later"
"""Of jobs that come in heaps and whose end nobody sees: what somebody looks for does not wait behind them."""
JOB_QUEUES: Final = (QUEUE, LATER_QUEUE)
"""All queues of jobs; the worker takes from the last when there is nothing in any other."""
TICK_QUEUE: Final = "ticks"
"""What the clock sends: apart from jobs, so that a tick never waits behind a heap of them."""

# Jobs: rows of the table `jobs`.
TITLE_DIALOG: Final = "dialogs.title_dialog"
SUMMARISE_DIALOG: Final = "dialogs.summarise_dialog"
LEARN_FACTS: Final = "memory.learn"

# What Celery's messages are called.
RUN_JOB: Final = "jobs.run"
"""Do one job; its row's id is all that the message says."""

# Ticks of the clock.
SWEEP_JOBS: Final = "jobs.sweep"
MEASURE: Final = "watch.measure"
PURGE_FINISHED: Final = "maintenance.purge_finished"
CLEAN_UP_OLD_MESSAGES: Final = "maintenance.cleanup_old_messages"
SWEEP_USAGE: Final = "usage.sweep"
PURGE_USAGE: Final = "usage.purge"
TEST_TASK: Final = "maintenance.test_task"
