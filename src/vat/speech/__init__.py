"""From sound to the words of one chunk."""
