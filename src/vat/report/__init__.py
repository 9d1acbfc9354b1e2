"""What people look at after a run: a page for the folder, and one for each video's subtitles."""
