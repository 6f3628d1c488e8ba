"""What takes the text out of a PDF. It runs in a process of its own (`analysis.page.pdf` starts it), so it imports only
what it needs."""
