import { once } from 'node:events'
import { createWriteStream, type WriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import type { BadRow } from './rows.ts'

const shown = 20

/** Rows that were refused: counted, the first kept to be shown, all written to a CSV file if one is named (a NUL byte as ␀). */
export class Rejects {
  count = 0
  readonly first: BadRow[] = []
  private readonly path: string | undefined
  private file: WriteStream | undefined
  private failure: Error | undefined

  constructor(path: string | undefined) {
    this.path = path
  }

  add(bad: BadRow): void {
    this.count++
    if (this.first.length < shown) this.first.push({ ...bad, raw: bad.raw.slice(0, 500) })
    if (this.path === undefined) return
    if (!this.file) {
      this.file = createWriteStream(this.path)
      this.file.on('error', error => {
        this.failure = error
      })
      this.file.write('line,column,reason,raw\n')
    }
    this.file.write(
      `${bad.line},${quote(bad.column)},${quote(bad.reason)},${quote(bad.raw.replaceAll('\0', '\u2400'))}\n`,
    )
  }

  /** Waits while the disk is slower than the import. */
  async settle(): Promise<void> {
    if (this.failure) throw this.failure
    if (this.file?.writableNeedDrain) await once(this.file, 'drain')
  }

  async close(): Promise<void> {
    if (!this.file) return
    this.file.end()
    await finished(this.file)
  }
}

const quote = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
