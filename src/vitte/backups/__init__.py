"""Copies of the database: made, checked, kept for a while, put back."""
