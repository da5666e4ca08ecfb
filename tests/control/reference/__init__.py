"""The driving model in plain numpy, as the measure of the compiled one."""
