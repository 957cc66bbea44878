import { createHash } from 'node:crypto'

/** A file as the manifest of its backup says that it is. */
export type ManifestFile = { path: string; size: number; sha256?: string }

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
  const files = Files.map(file => ({
    path: file.Path ?? Buffer.from(file['Encoded-Path'] ?? '', 'hex').toString(),
    size: file.Size,
    ...(file['Checksum-Algorithm'] === 'SHA256' && { sha256: file.Checksum }),
  }))
  return { files: new Map(files.map(file => [file.path, file])) }
}
