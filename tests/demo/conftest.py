"""Demos to start."""

from tests.demo.stand import start_demo

__all__ = ["start_demo"]
