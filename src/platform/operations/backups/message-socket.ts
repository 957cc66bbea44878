import { Socket } from 'node:net'

const roomy = 2 ** 20

/**
 * A socket that reads whole messages of PostgreSQL's protocol into memory that is used again, and passes on nothing else:
 * whoever gets them has to copy what he keeps. Sockets allocate 64 kB for each read, and these are collected together
 * with all else that the program holds, again and again. Not under TLS.
 */
export function messageSocket(): Socket {
  let memory = Buffer.allocUnsafeSlow(roomy)
  let filled = 0
  const callback = (bytes: number) => {
    filled += bytes
    let whole = 0
    let next = endOfMessage(memory, 0, filled)
    for (; next <= filled; next = endOfMessage(memory, whole, filled)) whole = next
    if (whole > 0) socket.emit('data', memory.subarray(0, whole))
    const rest = memory.subarray(whole, filled)
    if (Number.isFinite(next) && next - whole > memory.length) memory = Buffer.allocUnsafeSlow(2 * (next - whole))
    rest.copy(memory)
    filled = rest.length
    return true
  }
  const socket = new Socket({ onread: { buffer: () => memory.subarray(filled), callback } })
  return socket
}

/** A byte that says what it is, then its length, which counts itself; beyond all where that has not come yet. */
const endOfMessage = (bytes: Buffer, start: number, filled: number): number =>
  start + 5 > filled ? Number.POSITIVE_INFINITY : start + 1 + bytes.readUInt32BE(start + 1)
