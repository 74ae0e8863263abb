"""A TLS end before a server that has none: CERTIFICATE KEY PORT TO_PORT."""

import asyncio
import ssl
import sys

certificate, key, port, to_port = sys.argv[1:]


async def carry(reader, writer):
    try:
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    except (ConnectionError, ssl.SSLError):
        pass
    finally:
        writer.close()


async def meet(reader, writer):
    try:
        there = await asyncio.open_connection("127.0.0.1", int(to_port))
    except OSError:
        writer.close()
        return
    await asyncio.gather(carry(reader, there[1]), carry(there[0], writer))


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = await asyncio.start_server(meet, "127.0.0.1", int(port), ssl=context)
    await server.serve_forever()


asyncio.run(main())
