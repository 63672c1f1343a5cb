"""Texts as vectors, so that like ones are near each other."""
