"""A WebSocket client that hides nothing: bytes as they come, frames cut by hand, ends told apart."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import orjson


@dataclass(frozen=True)
class Frame:
    """`first` is the byte with FIN, the reserved bits and the opcode; `size` is what the header declares."""

    first: int
    size: int
    payload: bytes

    @property
    def opcode(self) -> int:
        return self.first & 0x0F


class RawClient:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def header(self) -> tuple[int, int]:
        first, length = await self.reader.readexactly(2)
        if length == 126:
            length = int.from_bytes(await self.reader.readexactly(2), "big")
        elif length == 127:
            length = int.from_bytes(await self.reader.readexactly(8), "big")
        return first, length

    async def frame(self) -> Frame:
        async with asyncio.timeout(5):
            first, size = await self.header()
            return Frame(first, size, await self.reader.readexactly(size))

    async def strange(self) -> tuple[int, int]:
        """The header of the first frame that is not a whole text of JSON, its payload left unread."""
        async with asyncio.timeout(5):
            while True:
                first, size = await self.header()
                if first != 0x81 or size > 1 << 20:
                    return first, size
                payload = await self.reader.readexactly(size)
                try:
                    orjson.loads(payload)
                except orjson.JSONDecodeError:
                    return first, size

    def send(self, first: int, payload: bytes) -> None:
        assert len(payload) < 126
        self.writer.write(bytes([first, 0x80 | len(payload), 0, 0, 0, 0]) + payload)  # mask of zeros

    def subscribe(self, *topics: str) -> None:
        self.send(0x81, orjson.dumps({"op": "subscribe", "args": topics}))

    async def is_silent(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self.reader.readexactly(1)
        except TimeoutError:
            return True
        return False


@asynccontextmanager
async def connect(url: str) -> AsyncIterator[RawClient]:
    """After the upgrade; ConnectionError, EOF or the status line in the exception when there is none."""
    parts = urlsplit(url)
    assert parts.hostname
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        lines = [f"GET {target} HTTP/1.1", "Host: x", "Upgrade: websocket", "Connection: Upgrade"]
        lines += ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "", ""]
        writer.write("\r\n".join(lines).encode())
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in head:
            raise ConnectionError(head.partition(b"\r\n")[0].decode())
        yield RawClient(reader, writer)
    finally:
        writer.close()
