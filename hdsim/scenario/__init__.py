"""Scenario files: checked, expanded to self-contained tasks; Leaderboard routes."""
