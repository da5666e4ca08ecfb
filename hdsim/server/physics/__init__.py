"""How bodies move and what happens when they meet."""
