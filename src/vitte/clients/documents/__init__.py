"""The words of files that people send. Their readers run in processes of their own: files may be hostile."""
