import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Keyring } from '#platform/crypto'
import { type Archive, type Backup, backupPath, innerName, sealedName } from './catalogue.ts'
import { algorithms } from './checksums.ts'
import { findFaults } from './contents.ts'
import { SealedWriter } from './sealed-files.ts'

const root = mkdtempSync(join(tmpdir(), 'commonhold-checksums-'))
after(() => rmSync(root, { recursive: true, force: true }))

test('GG-20 CRC-32C is what its specification says, however the bytes are cut', () => {
  const of = (...parts: Buffer[]) => {
    const checksum = algorithms.CRC32C.begin()
    for (const part of parts) checksum.update(part)
    return Buffer.from(checksum.digest(), 'hex').readUInt32LE().toString(16)
  }
  // RFC 3720, B.4
  const counting = Buffer.from(Array.from({ length: 32 }, (_, index) => index))
  for (const [bytes, expected] of [
    [Buffer.alloc(32), '8a9136aa'],
    [Buffer.alloc(32, 0xff), '62a8ab43'],
    [counting, '46dd794e'],
    [counting.toReversed(), '113fdb5c'],
    [Buffer.from('123456789'), 'e3069283'],
  ] as const)
    assert.equal(of(Buffer.from(bytes)), expected)
  const bytes = randomBytes(100_003)
  const cuts = [0, 1, 4, 15, 16, 33, 8192, 8195, 50_000, bytes.length]
  const parts = cuts.slice(1).map((end, index) => bytes.subarray(cuts[index], end))
  assert.equal(of(...parts), of(bytes))
})

test('GG-20 a file of a backup is held against its manifest, with SHA-256 in those of earlier releases', async () => {
  const content = randomBytes(3 * 2 ** 20 + 77)
  const sha256 = createHash('sha256').update(content).digest('hex')
  const crc = algorithms.CRC32C.begin()
  crc.update(content)
  assert.deepEqual(await faultsOf(content, 'SHA256', sha256), [])
  assert.deepEqual(await faultsOf(content, 'CRC32C', crc.digest()), [])
  assert.deepEqual(await faultsOf(content, 'NONE', undefined), [], 'control: one without is read')
  const other = Buffer.from(content)
  other[2 ** 20] = (other[2 ** 20] as number) ^ 1
  const [bySha256] = await faultsOf(other, 'SHA256', sha256)
  assert.match(bySha256 ?? '', /base\/5\/1259.*its SHA-256 is another one/)
  const [byCrc] = await faultsOf(other, 'CRC32C', crc.digest())
  assert.match(byCrc ?? '', /base\/5\/1259.*its CRC-32C is another one/)
})

/** What is found wrong with a backup of one file, whose manifest says that. */
async function faultsOf(content: Buffer, algorithm: string, value: string | undefined): Promise<string[]> {
  const archive: Archive = {
    folder: mkdtempSync(join(root, 'archive-')),
    systemIdentifier: '7000000000000000001',
    keyring: Keyring.parse(Keyring.generate('k1')),
  }
  const id = '20260101T000000Z-full-000001'
  const backup = {
    id,
    systemIdentifier: archive.systemIdentifier,
    kind: 'full',
    files: [] as Backup['files'],
  } as Backup
  mkdirSync(backupPath(archive, id), { recursive: true })
  const write = async (name: string, bytes: Buffer) => {
    const path = join(backupPath(archive, id), sealedName(name))
    const writer = await SealedWriter.create(path, archive.keyring, innerName(backup, name))
    await writer.write(bytes)
    backup.files.push({ name, ...(await writer.finish()) })
  }
  const header = Buffer.alloc(512)
  header.write('base/5/1259')
  header.write('0000600', 100)
  header.write(content.length.toString(8).padStart(11, '0'), 124)
  header.write('0', 156)
  await write('base', Buffer.concat([header, content, Buffer.alloc(512 - (content.length % 512))]))
  const file = {
    ...{ Path: 'base/5/1259', Size: content.length, 'Checksum-Algorithm': algorithm },
    ...(value !== undefined && { Checksum: value }),
  }
  const text = `{ "PostgreSQL-Backup-Manifest-Version": 1,\n"Files": [\n${JSON.stringify(file)}\n],\n`
  const own = createHash('sha256').update(text).digest('hex')
  await write('manifest', Buffer.from(`${text}"Manifest-Checksum": "${own}"}\n`))
  return (await findFaults(archive, backup)).map(fault => fault.message)
}
