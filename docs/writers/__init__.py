"""What the code knows best of each page: one module a page, and what they share."""
