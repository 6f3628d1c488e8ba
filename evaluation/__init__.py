"""Training and scoring on labelled changes: development only, nothing of it is imported by the program."""
