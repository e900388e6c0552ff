"""What a frame's header says, checked and in the host's terms."""

from __future__ import annotations

from functools import lru_cache

from fpxi_readout.frame import Sampling
from fpxi_readout.protocol.errors import ProtocolError
from fpxi_readout.protocol.generated import MAX_ROWS_PER_CHUNK, FrameHeader

ONE_TO_ONE = Sampling()


class ContradictionError(ProtocolError):
    """A frame packet contradicts the panel's size, or the frame's header."""


def sampling_of(header: FrameHeader) -> Sampling:
    """Read how samples were made; devices of protocol 1.0 say nothing, and know one way."""
    if header.binning == 0:
        return ONE_TO_ONE
    return _shared_sampling(
        header.first_row,
        header.first_column,
        header.binning,
        bool(header.cds),
        header.oversampling,
        header.averaged,
    )


# Frame after frame is made in the same way.
_shared_sampling = lru_cache(maxsize=64)(Sampling)


def check_header(header: FrameHeader, max_rows: int, max_columns: int) -> None:
    """Raise `ContradictionError` unless a header fits the panel, and its own numbers agree."""
    if not (1 <= header.rows <= max_rows and 1 <= header.columns <= max_columns):
        raise ContradictionError(
            f"frame {header.frame} claims {header.rows} x {header.columns} samples; "
            f"the panel has {max_rows} x {max_columns}"
        )
    binning = max(header.binning, 1)
    last_row = header.first_row + header.rows * binning
    last_column = header.first_column + header.columns * binning
    if last_row > max_rows or last_column > max_columns:
        raise ContradictionError(
            f"frame {header.frame} claims samples up to row {last_row}, column {last_column}; "
            f"the panel has {max_rows} x {max_columns}"
        )
    if not 1 <= header.rows_per_chunk <= MAX_ROWS_PER_CHUNK:
        raise ContradictionError(
            f"frame {header.frame} claims {header.rows_per_chunk} rows in a chunk; "
            f"1 to {MAX_ROWS_PER_CHUNK} are allowed"
        )
    chunks = -(-header.rows // header.rows_per_chunk)
    if header.chunks != chunks:
        raise ContradictionError(
            f"frame {header.frame} claims {header.chunks} chunks where its rows make {chunks}"
        )
