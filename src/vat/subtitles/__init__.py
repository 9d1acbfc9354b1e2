"""From words to subtitles, and the files that hold them."""
