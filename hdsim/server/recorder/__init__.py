"""Recordings of a session, their reports and their replay."""
