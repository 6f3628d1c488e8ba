"""What the command line, the pages, the feeds and the API show alike."""
