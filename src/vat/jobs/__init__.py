"""What a run and its jobs share: logs, processes, and addresses without their secrets."""
