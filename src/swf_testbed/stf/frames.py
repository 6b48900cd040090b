"""One frame to bytes and back, with its checks."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import google_crc32c
import numpy as np
import zstandard
from numpy.typing import NDArray

from swf_testbed.model.errors import BadInput
from swf_testbed.stf import layout
from swf_testbed.stf.documents import Bank, Frame
from swf_testbed.stf.errors import CrcError, OnBad
from swf_testbed.stf.layout import Codec, Encoding

_HEAD = layout.unpacker(layout.FRAME_HEADER)
_ZSTD_LEVEL = 3
_ITEM = 8
"""Bytes of a hit: the shuffle's element size."""


class FrameHead(NamedTuple):
    """The frame header's fields, in the layout's order."""

    magic: bytes
    block_size: int
    tf: int
    bc0: int
    t_ns: int
    n_hits: int
    n_bank: int
    flags: int
    table_crc: int
    run: int
    reserved: bytes
    crc: int

    @property
    def table_end(self) -> int:
        """Offset of the first payload in the frame."""
        return layout.HEADER_BYTES + self.n_bank * layout.BANK.itemsize


class BankHead(NamedTuple):
    """One line of the bank table, in the layout's order."""

    detector: int
    link: int
    encoding: int
    codec: int
    status: int
    nbytes: int
    n_hits: int
    raw_bytes: int
    crc: int


def frame_head(data: bytes, start: int = 0) -> FrameHead | None:
    """The valid frame header at `start`, or None if there is none."""
    if not data.startswith(layout.FRAME_MAGIC, start) or len(data) < start + layout.HEADER_BYTES:
        return None
    head = FrameHead._make(_HEAD.unpack_from(data, start))
    if google_crc32c.value(data[start : start + layout.CRC_OF_HEADER]) != head.crc:
        return None
    return head if head.table_end <= head.block_size and head.block_size % layout.FRAME_ALIGN == 0 else None


def bank_table(head: FrameHead, data: bytes, start: int = 0) -> NDArray[np.void] | None:
    """The valid bank table of the frame at `start`, or None if it is damaged or does not fill the frame."""
    if len(data) < start + head.table_end:
        return None
    table = data[start + layout.HEADER_BYTES : start + head.table_end]
    if google_crc32c.value(table) != head.table_crc:
        return None
    banks = np.frombuffer(table, layout.BANK)
    return banks if head.table_end + int(padded_sizes(banks).sum()) == head.block_size else None


def padded_sizes(table: NDArray[np.void]) -> NDArray[np.int64]:
    """Bytes that each bank takes in the file."""
    return (table["nbytes"] + np.int64(layout.FRAME_ALIGN - 1)) & np.int64(-layout.FRAME_ALIGN)


def check_frame(block: bytes, *, file: str = "", tf: int | None = None) -> tuple[FrameHead, NDArray[np.void]]:
    """Header and bank table of a whole frame; `CrcError` if damaged, or not frame number `tf`."""
    head = frame_head(block)
    if head is None:
        raise CrcError("the frame header is damaged", file, tf)
    if tf is not None and head.tf != tf:
        raise CrcError(f"the frame calls itself {head.tf}", file, tf)
    if head.block_size != len(block):
        raise CrcError(f"the frame has {len(block)} bytes and says {head.block_size}", file, head.tf)
    table = bank_table(head, block)
    if table is None:
        raise CrcError("the bank table is damaged", file, head.tf)
    return head, table


def payloads(
    block: bytes, head: FrameHead, table: NDArray[np.void], verify: bool = True, file: str = ""
) -> Iterator[tuple[BankHead, bytes | CrcError]]:
    """Each bank of a checked frame with its decoded bytes, or with what is wrong with it."""
    end = head.table_end
    for line in table.tolist():
        bank = BankHead._make(line)
        start, end = end, end + layout.padded(bank.nbytes)
        yield bank, decode_bank(bank, block[start : start + bank.nbytes], verify, file=file, tf=head.tf)


def decode_bank(
    bank: BankHead, stored: bytes, verify: bool = True, *, file: str = "", tf: int | None = None
) -> bytes | CrcError:
    """A bank's bytes decoded, or what is wrong with them."""
    if verify and google_crc32c.value(stored) != bank.crc:
        problem = "the bank's checksum does not match its data"
    else:
        try:
            return _decode(bank, stored)
        except _UndecodableError as error:
            problem = str(error)
    return CrcError(problem, file, tf, bank.detector, bank.link)


class _UndecodableError(ValueError):
    """A bank that is not what its line in the table says."""


def _decode(bank: BankHead, stored: bytes) -> bytes:
    if bank.encoding > Encoding.HIT64 or bank.codec > Codec.SHUFFLE_ZSTD:
        raise _UndecodableError(f"encoding {bank.encoding} with codec {bank.codec} is not known")
    data = stored if bank.codec == Codec.NONE else _unshuffle(bank, stored)
    if len(data) != bank.raw_bytes:
        raise _UndecodableError(f"the bank says {bank.raw_bytes} bytes and holds {len(data)}")
    # A file without payload (header flag) keeps the counts.
    if bank.encoding == Encoding.HIT64 and data and len(data) != bank.n_hits * _ITEM:
        raise _UndecodableError(f"the bank says {bank.n_hits} hits and holds {len(data)} bytes")
    return data


def _unshuffle(bank: BankHead, stored: bytes) -> bytes:
    if not stored:
        return b""
    try:
        # The stated size is checked before anything is allocated for it.
        if zstandard.frame_content_size(stored) != bank.raw_bytes:
            raise _UndecodableError("the compressed bank's size is not what the bank table says")
        data = zstandard.ZstdDecompressor().decompress(stored)
    except (zstandard.ZstdError, MemoryError) as error:
        raise _UndecodableError(f"the bank cannot be decompressed: {error}") from error
    if bank.encoding != Encoding.HIT64 or len(data) % _ITEM:
        return data
    return np.frombuffer(data, np.uint8).reshape(_ITEM, -1).T.tobytes()


def _shuffle(data: bytes, encoding: Encoding) -> bytes:
    if not data:
        return b""
    if encoding == Encoding.HIT64:
        data = np.frombuffer(data, np.uint8).reshape(-1, _ITEM).T.tobytes()
    return zstandard.ZstdCompressor(_ZSTD_LEVEL).compress(data)


def parse_frame(
    block: bytes,
    verify: bool = True,
    *,
    file: str = "",
    tf: int | None = None,
    on_bad: OnBad = None,
) -> Frame:
    """The frame in `block` (its whole bytes), every checksum verified.

    Args:
        block: the frame's bytes, all of them and no more.
        verify: check the payloads' checksums too; header and table are always checked.
        file: where the block comes from, for the error text.
        tf: the frame's number as the index has it; another number in the frame is an error.
        on_bad: told about a damaged bank, which is then left out; None raises `CrcError`.
    """
    head, table = check_frame(block, file=file, tf=tf)
    banks = []
    for bank, data in payloads(block, head, table, verify, file):
        if isinstance(data, bytes):
            encoding, codec = Encoding(bank.encoding), Codec(bank.codec)
            content = np.frombuffer(data, "<u8") if encoding == Encoding.HIT64 else data
            banks.append(Bank(bank.detector, bank.link, encoding, codec, bank.status, content, bank.n_hits))
        elif on_bad is None:
            raise data
        else:
            on_bad(data)
    return Frame(head.tf, head.bc0, head.t_ns, head.run, head.flags, tuple(banks))


def encode_frame(frame: Frame, no_payload: bool = False) -> bytes:
    """The frame's bytes; `BadInput` if a number does not fit its field.

    `no_payload` allows HIT64 banks that say their hits and have none.
    """
    table = np.zeros(len(frame.banks), layout.BANK)
    stored = []
    for line, bank in zip(table, frame.banks, strict=True):
        raw = _raw(bank, no_payload)
        data = raw if bank.codec == Codec.NONE else _shuffle(raw, bank.encoding)
        stored.append(data.ljust(layout.padded(len(data)), b"\0"))
        _fill(
            line,
            "bank",
            (
                bank.detector,
                bank.link,
                bank.encoding,
                bank.codec,
                bank.status,
                len(data),
                bank.n_hits,
                len(raw),
                google_crc32c.value(data),
            ),
        )
    lines = table.tobytes()
    size = layout.HEADER_BYTES + len(lines) + sum(map(len, stored))
    head = np.zeros(1, layout.FRAME_HEADER)
    fields = (np.void(layout.FRAME_MAGIC), size, frame.tf, frame.bc0, frame.t_ns, frame.n_hits)
    run = frame.run & layout.MAX_U32
    rest = (len(frame.banks), frame.flags, google_crc32c.value(lines), run, np.void(bytes(12)), 0)
    _fill(head[0], "frame", fields + rest)
    head["crc"] = google_crc32c.value(head.tobytes()[: layout.CRC_OF_HEADER])
    return b"".join([head.tobytes(), lines, *stored])


def _raw(bank: Bank, no_payload: bool) -> bytes:
    if isinstance(bank.data, bytes):
        if bank.encoding != Encoding.OPAQUE:
            raise BadInput("bank", bank.encoding.label, "a bank of bytes must be opaque")
        return bank.data
    if bank.encoding != Encoding.HIT64:
        raise BadInput("bank", bank.encoding.label, "a bank of hits must be HIT64")
    if bank.n_hits != len(bank.data) and (not no_payload or len(bank.data)):
        raise BadInput("n_hits", bank.n_hits, f"the bank has {len(bank.data)} hits")
    return bank.data.astype("<u8", copy=False).tobytes()


def _fill(line: Any, what: str, values: tuple[object, ...]) -> None:
    for name, value in zip(line.dtype.names or (), values, strict=True):
        try:
            line[name] = value
        except OverflowError as error:
            raise BadInput(f"{what} {name}", value, f"must fit {line.dtype[name].str[1:]}") from error
