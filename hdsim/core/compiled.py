"""Compiled kernels: functions of plain loops over arrays, for what runs at every frame."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba.core.dispatcher import Dispatcher

# Compiled functions are left as they are.
INTERPRETED = os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0")

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a function to machine code at its first call and keep the result on disk.

    Arithmetic stays IEEE's, in the order written, and division by zero gives inf or nan as in
    numpy. The stored code is renewed when the file that holds the function changes, or one from
    which that file imports compiled functions. Other values of imported modules are frozen into
    it: a kernel takes the constants of other files as arguments.

    A call takes 0.1 us for each array that it is given and 0.7 us for each that it returns: what is
    returned in several fields of one shape comes as one array of them, to be unpacked.

    With ``NUMBA_DISABLE_JIT=1`` in the environment functions stay as they are: slow, but a debugger
    walks through them, and the tests hold both to the same results.
    """
    if INTERPRETED:
        return function
    kernel: Any = numba.njit(cache=True, error_model="numpy")(function)
    # Numba itself looks at the file of the function alone, so that code in which a changed helper
    # of another file is built in would be used on. It has no public way to say more.
    file = kernel._cache._cache_file
    file._source_stamp = (file._source_stamp, *_stamps_of_imports(function))
    return cast("Function", kernel)


def _stamps_of_imports(function: Callable[..., Any]) -> list[Any]:
    """Source stamps of the compiled functions that the function's module imports."""
    here = function.__globals__
    imported: list[Any] = [
        value
        for _, value in sorted(here.items())
        if isinstance(value, Dispatcher) and value.py_func.__globals__ is not here
    ]
    return [kernel._cache._cache_file._source_stamp for kernel in imported]
