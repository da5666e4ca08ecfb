"""The operations: one module per family, functions on arrays over (drivers, objects).

Where an operation has no effect its arithmetic returns the input bit for bit (``x + 0 * dx``,
``x * 1``); tests hold every module to that.
"""
