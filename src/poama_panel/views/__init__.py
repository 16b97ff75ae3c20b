"""What is on the page: one viewer per file, each with the one state."""
