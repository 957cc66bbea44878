import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'

/**
 * A name server of one's own, over UDP, that knows the TXT records given and answers NXDOMAIN for all others; `silent`
 * names get no answer. The resolver asks it and nobody else.
 */
export async function nameServer() {
  const records = new Map<string, string>()
  const silent = new Set<string>()
  const asked: string[] = []
  const socket = createSocket('udp4')
  socket.on('message', (message, { port, address }) => {
    const { name, end } = readName(message, 12)
    asked.push(name)
    if (silent.has(name)) return
    const text = records.get(name)
    const header = Buffer.alloc(12)
    message.copy(header, 0, 0, 2)
    // An answer, authoritative; with NXDOMAIN where there is no record.
    header.writeUInt16BE(text === undefined ? 0x8583 : 0x8580, 2)
    header.writeUInt16BE(1, 4)
    header.writeUInt16BE(text === undefined ? 0 : 1, 6)
    const question = message.subarray(12, end + 4)
    socket.send(Buffer.concat([header, question, text === undefined ? Buffer.alloc(0) : answerOf(text)]), port, address)
  })
  await new Promise<void>(resolve => socket.bind(0, '127.0.0.1', resolve))
  after(() => socket.close())
  const resolver = new Resolver({ timeout: 300, tries: 1 })
  resolver.setServers([`127.0.0.1:${(socket.address() as AddressInfo).port}`])
  return { records, silent, asked, resolver }
}

function readName(message: Buffer, start: number): { name: string; end: number } {
  const labels: string[] = []
  let at = start
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.subarray(at + 1, at + 1 + length).toString('latin1'))
    at += length + 1
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 }
}

/** TXT, IN, 60 seconds, in pieces of at most 20 bytes. */
function answerOf(text: string): Buffer {
  const pieces = (text.match(/.{1,20}/g) ?? []).map(piece => Buffer.from([piece.length, ...Buffer.from(piece)]))
  const data = Buffer.concat(pieces)
  const head = Buffer.alloc(12)
  head.writeUInt16BE(0xc00c, 0)
  head.writeUInt16BE(16, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt32BE(60, 6)
  head.writeUInt16BE(data.length, 10)
  return Buffer.concat([head, data])
}
