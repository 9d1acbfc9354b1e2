"""What a run will do, known before anything runs."""
