"""``python -m benchmarks.smtp_sink PORT``: a mail server that takes everything and keeps nothing.

It speaks SMTP with PIPELINING and SMTPUTF8, and is faster than the clients that it measures. To
``VRFY`` it answers how many e-mails it took, and from how many different contents.
"""

import asyncio
import sys
from hashlib import blake2b
from typing import cast

import uvloop

ANSWERS = {
    b"EHLO": b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE 1000000\r\n250 SMTPUTF8\r\n",
    b"DATA": b"354 Go on\r\n",
    b"QUIT": b"221 2.0.0 Bye\r\n",
}
END = b"\r\n.\r\n"


class Sink(asyncio.Protocol):
    """One connection."""

    taken = 0
    contents: set[bytes] = set()  # noqa: RUF012

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport = cast(asyncio.Transport, transport)
        self._buffer = bytearray()
        self._in_content = False
        self._searched = 0
        self._transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer what came, in one write."""
        self._buffer += data
        answers = []
        while (answer := self._next()) is not None:
            answers.append(answer)
        if answers:
            self._transport.write(b"".join(answers))

    def _next(self) -> bytes | None:
        buffer = self._buffer
        if self._in_content:
            end = buffer.find(END, max(0, self._searched - len(END)))
            if end < 0:
                self._searched = len(buffer)
                return None
            Sink.taken += 1
            if len(Sink.contents) < 1_000:
                Sink.contents.add(blake2b(buffer[end - 2_000 : end], digest_size=8).digest())
            del buffer[: end + len(END)]
            self._in_content = False
            return b"250 2.0.0 Taken\r\n"
        end = buffer.find(b"\r\n")
        if end < 0:
            return None
        verb = bytes(buffer[:4]).upper()
        del buffer[: end + 2]
        self._in_content = verb == b"DATA"
        self._searched = 0
        if verb == b"VRFY":
            return b"250 %d %d\r\n" % (Sink.taken, len(Sink.contents))
        return ANSWERS.get(verb, b"250 2.0.0 Fine\r\n")


async def main(port: int) -> None:
    """Serve until killed."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Sink, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
