"""What is watched, declared once and pure: alarms, dashboard and the headings of docs/runbook.md are made from it."""
