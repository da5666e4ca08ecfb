"""Files that appear whole or not at all."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

_ROW_GROUP = 16_384


def write_text(path: Path, text: str) -> None:
    """Writes a text file by way of a draft that is then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = _draft(path)
    draft.write_text(text, encoding="utf-8")
    os.replace(draft, path)


def write_table(path: Path, table: pa.Table) -> None:
    """Writes a Parquet file by way of a draft that is then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = _draft(path)
    pq.write_table(table, draft, compression="zstd")
    os.replace(draft, path)


def plain(value: Any) -> Any:
    """Anything JSON-like with numpy scalars and arrays as plain values, NaN and inf as ``None``."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return [plain(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def to_json(value: Any) -> str:
    """One line of strict JSON."""
    return json.dumps(plain(value), allow_nan=False)


class TableStream:
    """A Parquet file written in pieces; there is no file until ``close``.

    Args:
        path: The file.
        schema: Its columns.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path, self._draft, self._schema = path, _draft(path), schema
        self._writer = pq.ParquetWriter(self._draft, schema, compression="zstd")
        self._waiting: list[pa.Table] = []
        self._rows = 0

    def write(self, columns: Mapping[str, Any]) -> None:
        """Appends rows; one array per column of the schema."""
        arrays = [columns[name] for name in self._schema.names]
        self._waiting.append(pa.Table.from_arrays(arrays, schema=self._schema))
        self._rows += self._waiting[-1].num_rows
        if self._rows >= _ROW_GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.concat_tables(self._waiting).combine_chunks())
        self._waiting.clear()
        self._rows = 0

    def close(self) -> None:
        """Completes the file and puts it in its place."""
        self._flush()
        self._writer.close()
        os.replace(self._draft, self._path)

    def abandon(self) -> None:
        """Forgets what was written."""
        self._writer.close()
        self._draft.unlink(missing_ok=True)


def names_array(codes: Any, names: Sequence[str]) -> pa.Array:
    """A dictionary-encoded column: ``names[code]``, null where the code is negative."""
    flat = np.ascontiguousarray(codes, dtype=np.int32).ravel()
    indices = pa.array(np.maximum(flat, 0), mask=flat < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(list(names), pa.string()))


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.draft")
