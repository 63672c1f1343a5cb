"""People: who they are and what they have chosen."""
