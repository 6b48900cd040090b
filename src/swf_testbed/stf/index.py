"""The index at the end of a file: where each frame lies, and how much each detector has in it."""

from typing import Any, NamedTuple

import google_crc32c
import numpy as np
from numpy.typing import NDArray

from swf_testbed.stf import layout

Table = NDArray[Any]
"""An array of one of the structures of `layout`."""


class Index(NamedTuple):
    """One line a frame: `entries` (n_tf) with offset, tf, block_size, n_hits, flags, table_crc; and
    `slots` (n_tf, n_slot) with nbytes and n_hits of each detector, in the file header's order.
    """

    entries: Table
    slots: Table

    @property
    def tf(self) -> NDArray[np.uint64]:
        """Frame numbers (n_tf)."""
        return self.entries["tf"]

    @property
    def offset(self) -> NDArray[np.uint64]:
        """Where each frame begins in the file, bytes (n_tf)."""
        return self.entries["offset"]

    @property
    def block_size(self) -> NDArray[np.uint32]:
        """Bytes of each frame (n_tf)."""
        return self.entries["block_size"]

    @property
    def n_hits(self) -> NDArray[np.uint32]:
        """Hits of each frame (n_tf)."""
        return self.entries["n_hits"]

    @property
    def flags(self) -> NDArray[np.uint32]:
        """Flags of each frame (n_tf)."""
        return self.entries["flags"]

    def encode(self, offset: int) -> bytes:
        """Index and footer as they stand at `offset` in the file."""
        index = layout.INDEX_MAGIC + self.entries.tobytes() + self.slots.tobytes()
        footer = np.zeros((), layout.FOOTER)
        footer["magic"], footer["end"] = np.void(layout.INDEX_MAGIC), np.void(layout.END_MAGIC)
        footer["index_offset"], footer["index_size"] = offset, len(index)
        footer["n_tf"], footer["n_slot"] = self.slots.shape
        footer["n_hits"] = self.n_hits.sum(dtype=np.uint64)
        footer["index_crc"] = google_crc32c.value(index)
        footer["footer_crc"] = google_crc32c.value(footer.tobytes()[: layout.CRC_OF_FOOTER])
        return index + footer.tobytes()


def index_lines(heads: Table, tables: Table, offset: int, slot_of: dict[int, int]) -> Index:
    """The index of frames lying one after the other from `offset`.

    `heads` are their headers (n_frames), `tables` their bank tables (n_frames, n_bank), all with the same
    banks. A detector without a slot is not counted in one.
    """
    entries = np.zeros(len(heads), layout.INDEX_ENTRY)
    ends = np.cumsum(heads["block_size"], dtype=np.uint64)
    entries["offset"] = offset + ends - heads["block_size"]
    for name in ("tf", "block_size", "n_hits", "flags", "table_crc"):
        entries[name] = heads[name]
    slots = np.zeros((len(heads), len(slot_of)), layout.SLOT)
    if len(heads):
        for column, detector in enumerate(tables[0]["detector"].tolist()):
            if detector in slot_of:
                slot = slots[:, slot_of[detector]]
                slot["nbytes"] += tables[:, column]["nbytes"]
                slot["n_hits"] += tables[:, column]["n_hits"]
    return Index(entries, slots)


def join_lines(parts: list[Index], n_slot: int) -> Index:
    """Indices one after the other as one."""
    # Joined as bytes, because NumPy concatenates structures slowly.
    entries = np.frombuffer(b"".join(part.entries.tobytes() for part in parts), layout.INDEX_ENTRY)
    slots = np.frombuffer(b"".join(part.slots.tobytes() for part in parts), layout.SLOT)
    return Index(entries, slots.reshape(len(entries), n_slot))


def footer_of(tail: bytes, size: int, n_slot: int) -> Any:
    """The valid footer in the last 64 bytes of `tail`, the end of a file of `size` bytes, or None."""
    data = tail[-layout.HEADER_BYTES :]
    if len(data) < layout.HEADER_BYTES or not data.endswith(layout.END_MAGIC):
        return None
    if google_crc32c.value(data[: layout.CRC_OF_FOOTER]) != int.from_bytes(data[44:48], "little"):
        return None
    footer = np.frombuffer(data, layout.FOOTER)[0]
    n_tf, offset, length = int(footer["n_tf"]), int(footer["index_offset"]), int(footer["index_size"])
    fits = length == index_size(n_tf, n_slot) and offset + length + layout.HEADER_BYTES == size
    return footer if fits and footer["n_slot"] == n_slot else None


def index_size(n_tf: int, n_slot: int) -> int:
    """Bytes of the index, without the footer."""
    return len(layout.INDEX_MAGIC) + n_tf * (layout.INDEX_ENTRY.itemsize + n_slot * layout.SLOT.itemsize)


def decode_index(data: bytes, footer: Any, first: int) -> Index | None:
    """The index that `footer` announces, or None if it is damaged.

    Every frame it lists lies between `first`, the offset of the first frame, and the index.
    """
    if google_crc32c.value(data) != footer["index_crc"] or not data.startswith(layout.INDEX_MAGIC):
        return None
    n_tf, n_slot = int(footer["n_tf"]), int(footer["n_slot"])
    start = len(layout.INDEX_MAGIC)
    entries = np.frombuffer(data, layout.INDEX_ENTRY, n_tf, start)
    start += n_tf * layout.INDEX_ENTRY.itemsize
    slots = np.frombuffer(data, layout.SLOT, n_tf * n_slot, start).reshape(n_tf, n_slot)
    end = int(footer["index_offset"])
    room = np.uint64(end) - entries["block_size"].astype(np.uint64)
    inside = (entries["offset"] >= first) & (entries["block_size"] <= end) & (entries["offset"] <= room)
    return Index(entries, slots) if inside.all() else None
