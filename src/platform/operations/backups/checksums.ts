import { createHash } from 'node:crypto'
import { crc32c } from '@node-rs/crc32'

/** Takes the bytes of a file, in order, and gives what a manifest says of them. */
export type Checksum = { update(bytes: Buffer): unknown; digest(): string }

/** The algorithms in which manifests say it: what a server is asked for now, and what it was asked for before. */
export const algorithms = {
  CRC32C: { name: 'CRC-32C', begin: (): Checksum => new Crc32c() },
  SHA256: {
    name: 'SHA-256',
    begin(): Checksum {
      const hash = createHash('sha256')
      return { update: bytes => hash.update(bytes), digest: () => hash.digest('hex') }
    },
  },
} as const

class Crc32c implements Checksum {
  private value = 0

  update(bytes: Buffer): void {
    this.value = crc32c(bytes, this.value)
  }

  /** In hexadecimal, the bytes in the order of the machine, as the server writes them; those that there are have the lowest first. */
  digest(): string {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32LE(this.value)
    return bytes.toString('hex')
  }
}
