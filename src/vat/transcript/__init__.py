"""From the words of all chunks to one transcript."""
