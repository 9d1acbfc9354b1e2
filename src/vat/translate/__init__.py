"""Cues into another language, by a local model or a server."""
