"""The tiny recogniser: a small Whisper, trained on the tiny language from nothing.

models/README.md has the order in which the programs run, and what they need.
"""
