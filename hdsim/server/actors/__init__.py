"""What can be spawned, and the records that clients see of it."""
