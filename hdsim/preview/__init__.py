"""What a driver profile does, on one page, before it goes into traffic."""
