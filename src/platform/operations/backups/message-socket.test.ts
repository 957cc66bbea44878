import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { messageSocket } from './message-socket.ts'

const message = (content: Buffer) => {
  const head = Buffer.from([100, 0, 0, 0, 0])
  head.writeUInt32BE(4 + content.length, 1)
  return Buffer.concat([head, content])
}

test('GG-20 a socket passes on whole messages, however they come, and stops when it is told to', async () => {
  const sizes = [0, 1, 3, 250, 40_000, 3_500_000, 2, 1_048_571, 1_048_576, 7]
  const messages = [...sizes, ...Array.from({ length: 300 }, (_, index) => (index * 977) % 9000)].map(size =>
    message(randomBytes(size)),
  )
  const all = Buffer.concat(messages)
  const server = createServer(async peer => {
    for (let at = 0, step = 1; at < all.length; at += step, step = (step * 7 + 3) % 150_001) {
      if (!peer.write(all.subarray(at, at + step))) await once(peer, 'drain')
    }
    peer.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = messageSocket()
  try {
    const got: Buffer[] = []
    let paused = 0
    socket.on('data', (bytes: Buffer) => {
      assert.ok(!socket.isPaused(), 'nothing comes while it is paused')
      for (let at = 0; at < bytes.length; ) {
        const end = at + 1 + bytes.readUInt32BE(at + 1)
        assert.ok(end <= bytes.length, 'whole messages alone')
        got.push(Buffer.from(bytes.subarray(at, end)))
        at = end
      }
      if (paused++ % 5 === 0) {
        socket.pause()
        setImmediate(() => socket.resume())
      }
    })
    socket.connect((server.address() as { port: number }).port, '127.0.0.1')
    await once(socket, 'end')
    assert.deepEqual(got, messages)
  } finally {
    socket.destroy()
    server.close()
  }
})
