"""The driving model: competent on percepts alone, one frozen set of parameters for everybody."""
