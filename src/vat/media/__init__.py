"""Video files: what they hold, how they come in, and their sound."""
