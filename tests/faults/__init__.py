"""Faults on purpose, many and at random: make test-faults prints how many were survived."""
