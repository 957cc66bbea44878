import { createHash } from 'node:crypto'
import { algorithms } from './checksums.ts'

/** A file as the manifest of its backup says that it is. */
export type ManifestFile = {
  path: string
  size: number
  checksum?: { algorithm: keyof typeof algorithms; value: string }
}

export type Manifest = { files: ReadonlyMap<string, ManifestFile> }

/** Reads a backup_manifest (PostgreSQL, appendix on its format) and holds it against its own checksum. */
export function readManifest(text: string): Manifest | undefined {
  const end = text.lastIndexOf('"Manifest-Checksum"')
  const last = text.lastIndexOf('\n', end)
  if (end === -1) return undefined
  const { 'Manifest-Checksum': expected, Files } = JSON.parse(text) as {
    'Manifest-Checksum': string
    Files: { Path?: string; 'Encoded-Path'?: string; Size: number; 'Checksum-Algorithm'?: string; Checksum?: string }[]
  }
  if (
    createHash('sha256')
      .update(text.slice(0, last + 1))
      .digest('hex') !== expected
  )
    return undefined
  const files = Files.map(file => {
    const { Checksum: value, 'Checksum-Algorithm': algorithm = '' } = file
    return {
      path: file.Path ?? Buffer.from(file['Encoded-Path'] ?? '', 'hex').toString(),
      size: file.Size,
      ...(value !== undefined && isKnown(algorithm) && { checksum: { algorithm, value } }),
    }
  })
  return { files: new Map(files.map(file => [file.path, file])) }
}

const isKnown = (algorithm: string): algorithm is keyof typeof algorithms => Object.hasOwn(algorithms, algorithm)
