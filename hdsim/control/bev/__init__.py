"""A door for policies that see pictures: percepts as bird's-eye rasters."""
