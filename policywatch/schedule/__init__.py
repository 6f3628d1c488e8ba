"""The scheduled job, ready to install: cron, systemd, docker, kubernetes, github-actions."""

from policywatch.schedule.installation import Installation, this_installation
from policywatch.schedule.jobs import KINDS, Kind, files, render
from policywatch.schedule.problem import CannotSchedule

__all__ = ["KINDS", "CannotSchedule", "Installation", "Kind", "files", "render", "this_installation"]
