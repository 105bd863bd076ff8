"""WebSocket frames as a broken or hostile server would write them, byte by byte (RFC 6455, unmasked)."""

import zlib
from dataclasses import dataclass
from random import Random

FIN = 0x80
RSV1 = 0x40
TEXT = 0x1
CONTINUATION = 0x0
CLOSE = 0x8


@dataclass(frozen=True, slots=True)
class Mangling:
    """What becomes of one message on its way to each of at most `most` connections (0: all)."""

    kind: str
    most: int
    then: str  # more | silence | close
    seed: int
    length: int
    pieces: int
    declared_bytes: int
    sent_bytes: int
    text: str

    def bytes_for(self, payload: bytes) -> bytes:
        """What is written in the place of the text frame of `payload`."""
        if self.kind == "garbage":
            # All reserved bits and a reserved opcode first: by no chance is it a sound frame.
            return b"\xf3" + Random(self.seed).randbytes(self.length - 1)
        if self.kind == "truncated":
            whole = frame(payload)
            return whole[: max(1, len(whole) // 2)]
        if self.kind == "oversized":
            return bytes([FIN | TEXT, 127]) + self.declared_bytes.to_bytes(8, "big") + b"x" * self.sent_bytes
        if self.kind == "compressed":
            return frame(deflated(payload), FIN | RSV1 | TEXT)
        if self.kind == "fragmented":
            return fragments(payload, self.pieces)
        assert self.kind == "text_garbage"
        return frame(self.text.encode("utf-8", "surrogatepass"))


def frame(payload: bytes, first: int = FIN | TEXT) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes([first, size]) + payload
    if size < 1 << 16:
        return bytes([first, 126]) + size.to_bytes(2, "big") + payload
    return bytes([first, 127]) + size.to_bytes(8, "big") + payload


def fragments(payload: bytes, pieces: int) -> bytes:
    step = max(1, -(-len(payload) // pieces))
    parts = [payload[at : at + step] for at in range(0, len(payload), step)]
    parts += [b""] * (pieces - len(parts))
    frames = []
    for number, part in enumerate(parts):
        first = TEXT if number == 0 else CONTINUATION
        frames.append(frame(part, first | (FIN if number == len(parts) - 1 else 0)))
    return b"".join(frames)


def deflated(payload: bytes) -> bytes:
    """As permessage-deflate does it (RFC 7692): raw deflate without the tail of the sync flush."""
    packer = zlib.compressobj(wbits=-15)
    return (packer.compress(payload) + packer.flush(zlib.Z_SYNC_FLUSH)).removesuffix(b"\x00\x00\xff\xff")
