"""Is a GRIB file whole? Its messages, one after the other, must make up the file.

A GRIB file is nothing but messages, each of which says its length, so a copy that
broke off leaves a file that opens without an error and lacks its last fields. The
lengths are those of the WMO Manual on Codes (FM 92 GRIB): 3 bytes in edition 1, 8 in
edition 2; each message ends with ``7777``. ECMWF writes messages of edition 1 that are
larger than 3 bytes can say in units of 120 bytes; section 4 then says, as its own
length, how much the message is shorter (ecCodes, "large GRIB1").
"""

from __future__ import annotations

import os
from typing import BinaryIO

from data_layer.errors import UnreadableFile

_MAGIC = b"GRIB"
_END = b"7777"
_UNIT = 120
_STRIDE = 1 << 16
_PADDING = 512


def begins(f: BinaryIO) -> bool:
    """Whether the file begins as GRIB does, NULs before the first message passed over."""
    f.seek(0)
    return f.read(_PADDING).lstrip(b"\0")[:4] == _MAGIC


def check_messages(f: BinaryIO, size: int) -> None:
    """Raise :class:`~data_layer.errors.UnreadableFile` when messages do not make up the file.

    Parameters
    ----------
    f: the file; NULs between messages and after the last are allowed, as ECMWF's archive
        pads its messages.
    size: bytes on disk.
    """
    at, number = _next_message(f, 0), 0
    while at < size:
        number += 1
        length = _length(f, at, number)
        if at + length > size:
            raise UnreadableFile(
                f"it is cut short: message {number} promises {length} bytes "
                f"and there are {size - at}"
            )
        f.seek(at + length - len(_END))
        if f.read(len(_END)) != _END:
            raise UnreadableFile(f"its message {number} does not end with 7777: it is damaged")
        at = _next_message(f, at + length)


def _next_message(f: BinaryIO, at: int) -> int:
    """Where the next byte that is not NUL lies, or where the file ends."""
    f.seek(at)
    while block := f.read(_STRIDE):
        left = block.lstrip(b"\0")
        if left:
            return at + len(block) - len(left)
        at += len(block)
    return at


def _length(f: BinaryIO, at: int, number: int) -> int:
    f.seek(at)
    head = f.read(16)
    if head[:4] != _MAGIC:
        raise UnreadableFile(
            f"at byte {at}, where message {number} should begin, there is no GRIB message"
        )
    edition = head[7] if len(head) == 16 else None
    if edition == 1:
        length = int.from_bytes(head[4:7], "big")
        # A length that large may be meant as it stands: section 4 is large too then.
        if length & 0x800000 and (short := _data_length(f, at)) < _UNIT + len(_END):
            length = (length & 0x7FFFFF) * _UNIT - short + len(_END)
    elif edition == 2:
        length = int.from_bytes(head[8:16], "big")
    elif edition is None:
        raise UnreadableFile(f"it is cut short: message {number} breaks off in its first bytes")
    else:
        raise UnreadableFile(f"its message {number} is of GRIB edition {edition}; 1 and 2 are read")
    if length < len(head) + len(_END):
        raise UnreadableFile(f"its message {number} says it has {length} bytes: it is damaged")
    return length


def _data_length(f: BinaryIO, at: int) -> int:
    """What section 4 of a message of edition 1 says of its length."""
    f.seek(at + 8)
    product = f.read(8)
    f.seek(at + 8 + int.from_bytes(product[:3], "big"))
    for there in (0x80, 0x40):  # flags of the grid and the bitmap section
        if product[7:8] and product[7] & there:
            section = int.from_bytes(f.read(3), "big")
            f.seek(section - 3, os.SEEK_CUR)
    return int.from_bytes(f.read(3), "big")
