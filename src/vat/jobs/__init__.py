"""What a run and its jobs share: logs, processes, the device, addresses without secrets."""
