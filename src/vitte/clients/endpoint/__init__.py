"""Servers of models: how they are called, and how they are spared when they do not answer."""
