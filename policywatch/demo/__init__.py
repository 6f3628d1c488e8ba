"""The demo: a small invented network whose policies change over five days, and the watch that notices."""
