"""A guidance program tried out before it may drive: on recorded scenes, and on a simple route."""
