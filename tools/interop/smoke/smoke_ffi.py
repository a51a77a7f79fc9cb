#!/usr/bin/env python3
"""Smoke test: chappe-client through its Python bindings against a server.

env: HOST PORT RSA_PUBLIC_KEY_PEM_PATH CODE; PYTHONPATH names the folder of `cargo xtask bindings`.
Prints 'STEP name ok' per step; exits 1 with a traceback otherwise.
"""
import asyncio, os, random, tempfile
from pathlib import Path

import chappe_client_ffi as chappe

ADDRESS = '%s:%s' % (os.environ.get('HOST', '127.0.0.1'), os.environ['PORT'])
KEY = Path(os.environ['RSA_PUBLIC_KEY_PEM_PATH']).read_text()
CODE = os.environ.get('CODE', '12345')
WAIT = float(os.environ.get('STEP_WAIT', '15'))


def ok(name):
    print('STEP %s ok' % name, flush=True)


class Seen(chappe.Listener):
    """Puts what it is told into a queue; it is called from a thread of the library."""

    def __init__(self):
        self.loop = asyncio.get_running_loop()
        self.queue = asyncio.Queue()

    def message(self, message):
        self.loop.call_soon_threadsafe(self.queue.put_nowait, message)

    def deleted(self, ids):
        pass

    def ended(self, why):
        pass

    async def text(self, text):
        async def find():
            while True:
                message = await self.queue.get()
                if message.text == text:
                    return message
        return await asyncio.wait_for(find(), WAIT)


async def sign_up(phone, name, session):
    client = await chappe.connect(ADDRESS, KEY, session)
    code_hash = await client.request_login_code(phone)
    try:
        await client.sign_in(phone, code_hash, '00000')
        raise SystemExit('a wrong code was accepted')
    except chappe.MessengerError.Refused as error:
        assert error.name == 'PHONE_CODE_INVALID', error.name
    assert not await client.sign_in(phone, code_hash, CODE)
    await client.sign_up(phone, code_hash, name, 'Smoke')
    seen = Seen()
    await client.listen(seen)
    return client, seen


async def main():
    folder = tempfile.TemporaryDirectory()
    session = os.path.join(folder.name, 'a.session')
    phones = ['1557%07d' % random.randrange(10 ** 7), '1558%07d' % random.randrange(10 ** 7)]
    a, seen_a = await sign_up(phones[0], 'Alice', session)
    b, seen_b = await sign_up(phones[1], 'Bob', None)
    ok('sign_up')
    to_b = await a.add_contact(phones[1], 'Bob')
    assert to_b.id == b.user_id() and to_b.kind == chappe.ChatKind.USER
    try:
        await a.find('nobody_has_this_name')
        raise SystemExit('found nobody')
    except chappe.MessengerError.Refused as error:
        assert error.name == 'USERNAME_NOT_OCCUPIED', error.name
    ok('contacts')
    sent = await a.send_text(to_b, 'hello')
    got = await seen_b.text('hello')
    assert sent.outgoing and not got.outgoing and got.chat.id == a.user_id()
    await b.send_text(got.chat, 'hello yourself')
    await seen_a.text('hello yourself')
    await b.read(got.chat, got.id)
    ok('text')
    texts = [message.text for message in await a.history(to_b, None, 10)]
    assert texts == ['hello yourself', 'hello'], texts
    ok('history')
    group = await a.create_group('boats', [to_b.id])
    await a.send_text(group, 'in the group')
    got = await seen_b.text('in the group')
    assert got.chat == group
    ok('group')
    content = random.randbytes(1_500_000)
    path = os.path.join(folder.name, 'from.bin')
    Path(path).write_bytes(content)
    await a.send_file(to_b, path, 'a file')
    got = await seen_b.text('a file')
    assert got.file_len == len(content)
    path = os.path.join(folder.name, 'to.bin')
    await b.download(got.chat, got.id, path)
    assert Path(path).read_bytes() == content
    ok('file')
    await a.save()
    again = await chappe.connect(ADDRESS, KEY, session)
    assert again.user_id() == a.user_id()
    assert (await again.history(to_b, None, 1))[0].text == 'a file'
    ok('session')
    await b.log_out()
    ok('log_out')
    print('DONE')


asyncio.run(main())
