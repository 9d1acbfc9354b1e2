"""python -m gpulease: the same as the command gpulease."""

from gpulease.cli import run_as_program

run_as_program()
