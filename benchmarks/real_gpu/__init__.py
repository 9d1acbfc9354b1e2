"""What only a real GPU can show: that it works, that the pool is right, how fast it is."""
