"""Ready scheduled jobs: cron, systemd, docker, kubernetes, github-actions."""
