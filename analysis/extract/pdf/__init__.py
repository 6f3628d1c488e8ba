"""What takes the text out of a PDF."""
