import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Keyring } from '#platform/crypto'
import { DomainError } from '#platform/errors.ts'
import { readSealed, SealedWriter } from './sealed-files.ts'

const root = mkdtempSync(join(tmpdir(), 'commonhold-sealed-'))
after(() => rmSync(root, { recursive: true, force: true }))
const keyring = Keyring.parse(Keyring.generate('k1'))
const megabyte = 2 ** 20

async function read(path: string, options: Parameters<typeof readSealed>[3]): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of readSealed(path, keyring, 'x', options)) parts.push(Buffer.from(part))
  return Buffer.concat(parts)
}

test('GG-21 of a sealed file what is of no use is not read, and what is used is checked all the same', async () => {
  const path = join(root, 'file')
  const content = randomBytes(12 * megabyte + 5)
  const writer = await SealedWriter.create(path, keyring, 'x')
  await writer.write(content)
  await writer.finish()
  const sealed = readFileSync(path)
  const isUseless = (_from: number, to: number) => to <= 8 * megabyte + 77
  const useful = content.subarray(8 * megabyte)
  const found = await read(path, { isUseless })
  assert.equal(found.length, content.length)
  assert.deepEqual(found.subarray(8 * megabyte), useful)

  const withFlip = (at: number) => {
    const altered = Buffer.from(sealed)
    altered[at] = (altered[at] as number) ^ 1
    writeFileSync(path, altered)
  }
  const isAltered = (error: unknown) => error instanceof DomainError && error.code === 'backups.file_altered'
  withFlip(4 * megabyte)
  assert.deepEqual((await read(path, { isUseless })).subarray(8 * megabyte), useful)
  await assert.rejects(read(path, {}), isAltered, 'control: without a gap it is seen')
  const hashes: string[] = []
  await read(path, { isUseless, onHash: sha256 => void hashes.push(sha256) })
  const whole = createHash('sha256').update(readFileSync(path)).digest('hex')
  assert.deepEqual(hashes, [whole], 'who asks for the hash has all of it read')
  withFlip(10 * megabyte)
  await assert.rejects(read(path, { isUseless }), isAltered)
  writeFileSync(path, sealed.subarray(0, 5 * megabyte))
  await assert.rejects(read(path, { isUseless }), (error: DomainError) => error.code === 'backups.file_truncated')
})
