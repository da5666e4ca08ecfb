"""Compiled kernels: functions of plain loops over arrays, for what runs at every frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a function to machine code at its first call and keep the result on disk.

    Arithmetic stays IEEE's, in the order written, and division by zero gives inf or nan as in
    numpy. The stored code is renewed when the file that holds the function changes, not when a
    file it imports from does: a kernel calls only compiled functions of its own file and takes
    the constants of others as arguments.
    """
    kernel = numba.njit(cache=True, error_model="numpy")(function)
    return cast("Function", kernel)
