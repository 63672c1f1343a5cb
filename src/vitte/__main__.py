"""`python -m vitte` is `vitte`."""

from vitte.main.cli import cli

cli(prog_name="vitte")
