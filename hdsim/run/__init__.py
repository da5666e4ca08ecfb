"""One closed loop, one batch of them, and their replays: where all the rooms meet."""
