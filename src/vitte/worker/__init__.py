"""Background work, on Celery."""
