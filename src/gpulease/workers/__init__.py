"""Processes that keep a model loaded and do the work of one job after another."""
