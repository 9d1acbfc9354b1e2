"""Finished subtitles into videos, as tracks or into the picture, and into the delivery folder."""
