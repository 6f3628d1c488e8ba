"""The scheduled job, ready to install: cron, systemd, docker, kubernetes, github-actions."""
