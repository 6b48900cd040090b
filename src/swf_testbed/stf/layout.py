"""The byte layout of STF1: every structure, size and magic value, and the bits of a hit. Little endian."""

from enum import IntEnum, IntFlag
from struct import Struct

import numpy as np
from numpy.typing import NDArray

FILE_MAGIC = b"\x89STF\r\n\x1a\n"
FRAME_MAGIC = b"\xa5TFZ"
INDEX_MAGIC = b"STFINDEX"
END_MAGIC = b"STFEND\r\n"
MAJOR, MINOR = 1, 0

FILE_HEADER = np.dtype(
    [
        ("magic", "V8"),
        ("major", "<u2"),
        ("minor", "<u2"),
        ("header_size", "<u4"),
        ("meta_size", "<u4"),
        ("meta_crc", "<u4"),
        ("run", "<u8"),
        ("sequence", "<u4"),
        ("n_slot", "<u2"),
        ("flags", "<u2"),
        ("first_tf", "<u8"),
        ("t0_ns", "<u8"),
        ("bc_per_tf", "<u4"),
        ("crc", "<u4"),
    ]
)
FRAME_HEADER = np.dtype(
    [
        ("magic", "V4"),
        ("block_size", "<u4"),
        ("tf", "<u8"),
        ("bc0", "<u8"),
        ("t_ns", "<u8"),
        ("n_hits", "<u4"),
        ("n_bank", "<u2"),
        ("flags", "<u2"),
        ("table_crc", "<u4"),
        ("run", "<u4"),
        ("reserved", "V12"),
        ("crc", "<u4"),
    ]
)
BANK = np.dtype(
    [
        ("detector", "<u2"),
        ("link", "<u2"),
        ("encoding", "u1"),
        ("codec", "u1"),
        ("status", "<u2"),
        ("nbytes", "<u4"),
        ("n_hits", "<u4"),
        ("raw_bytes", "<u4"),
        ("crc", "<u4"),
    ]
)
INDEX_ENTRY = np.dtype(
    [
        ("offset", "<u8"),
        ("tf", "<u8"),
        ("block_size", "<u4"),
        ("n_hits", "<u4"),
        ("flags", "<u4"),
        ("table_crc", "<u4"),
    ]
)
SLOT = np.dtype([("nbytes", "<u4"), ("n_hits", "<u4")])
FOOTER = np.dtype(
    [
        ("magic", "V8"),
        ("index_offset", "<u8"),
        ("index_size", "<u8"),
        ("n_tf", "<u4"),
        ("n_slot", "<u4"),
        ("n_hits", "<u8"),
        ("index_crc", "<u4"),
        ("footer_crc", "<u4"),
        ("flags", "<u8"),
        ("end", "V8"),
    ]
)
HEADER_BYTES = 64
"""Size of the fixed part of a file header, of a frame header and of the footer."""

CRC_OF_HEADER = 60
CRC_OF_FOOTER = 44
"""How many leading bytes the checksum inside a header, or the footer, covers."""

HEADER_ALIGN = 64
FRAME_ALIGN = 8
MAX_U32 = 2**32 - 1


class Encoding(IntEnum):
    """What a bank's bytes mean."""

    OPAQUE = 0
    HIT64 = 1

    @property
    def label(self) -> str:
        """The word for it in the file header's JSON."""
        return "opaque" if self is Encoding.OPAQUE else self.name


class Codec(IntEnum):
    """How a bank's bytes are stored."""

    NONE = 0
    SHUFFLE_ZSTD = 1


class FileFlags(IntFlag):
    """Flags of the file header."""

    NONE = 0
    NO_PAYLOAD = 1
    RECYCLED = 2


def unpacker(structure: np.dtype[np.void]) -> Struct:
    """Reads one `structure` into a tuple, faster than NumPy does for a single one."""
    codes = {1: "B", 2: "H", 4: "I", 8: "Q"}
    kinds = [structure[name] for name in structure.names or ()]
    return Struct("<" + "".join(f"{k.itemsize}s" if k.kind == "V" else codes[k.itemsize] for k in kinds))


def padded(size: int, align: int = FRAME_ALIGN) -> int:
    """`size` rounded up to a multiple of `align` bytes."""
    return -(-size // align) * align


# HIT64: bytes 0-1 ADC, 2-4 channel, 5 fine time, 6-7 bunch crossing, so that integer order is time order.

CHANNEL_LIMIT = 1 << 24


def pack_hits(
    adc: NDArray[np.integer],
    channel: NDArray[np.integer],
    fine: NDArray[np.integer],
    crossing: NDArray[np.integer],
) -> NDArray[np.uint64]:
    """Hits from their parts (arrays of one shape): ADC < 2^16, channel < 2^24, fine < 2^8, crossing < 2^16.

    Values are not checked: a bit too many would run into the next field.
    """
    hits: NDArray[np.uint64] = np.left_shift(crossing, 48, dtype="<u8", casting="unsafe")
    hits |= np.left_shift(fine, 40, dtype="<u8", casting="unsafe")
    hits |= np.left_shift(channel, 16, dtype="<u8", casting="unsafe")
    hits |= np.asarray(adc).astype("<u8")
    return hits


def adc(hits: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """ADC counts of a contiguous array of hits, as a view."""
    return hits.view("<u2")[0::4]


def channel(hits: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """Channel numbers of hits, computed."""
    return ((hits >> np.uint64(16)) & np.uint64(0xFFFFFF)).astype(np.uint32)


def fine(hits: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Fine times (1/256 of a bunch crossing) of a contiguous array of hits, as a view."""
    return hits.view(np.uint8)[5::8]


def crossing(hits: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """Bunch crossings in the frame of a contiguous array of hits, as a view."""
    return hits.view("<u2")[3::4]
