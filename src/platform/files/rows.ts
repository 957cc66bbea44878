/** A row of a file: `line` counts from 1; `raw` is the row as it stands, without the line end. */
export type FileRow = { line: number; values: string[]; raw: string }

/** A row, or a part of one, that cannot be taken. */
export type BadRow = { line: number; column: string; reason: string; raw: string }

export type RowHandlers = { onRow: (row: FileRow) => void; onBad: (bad: BadRow) => void }

/** A record longer than this has an unclosed quote or no line end: the reader gives that line up and goes on with the next. */
const longestRecord = 1_000_000

const tooLong = (line: number, text: string): BadRow => ({
  line,
  column: '',
  reason: 'the line is longer than a million characters',
  raw: text.slice(0, 1000),
})

/** Takes decoded text in pieces of any size and hands over rows. `isDamaged` says that the piece was not valid UTF-8. */
export type RowReader = { push(text: string, isDamaged: boolean): void; end(): void }

/**
 * Reads CSV (RFC 4180; LF or CRLF, quoted line ends, a byte order mark), its values divided by one character, a comma unless
 * told. A quote inside an unquoted value is text. A row without quotes, nine of ten, costs one `split`.
 */
export function csvReader({ onRow, onBad }: RowHandlers, delimiter = ','): RowReader {
  const delimiterCode = delimiter.charCodeAt(0)
  let pending = ''
  let line = 1
  let isPendingDamaged = false
  let isStart = true
  let isGivenUp = false

  function read(text: string, isDamaged: boolean, isEnd: boolean) {
    let position = 0
    let quote = text.indexOf('"')
    while (position < text.length) {
      let lineEnd = text.indexOf('\n', position)
      if (lineEnd < 0) {
        if (!isEnd && !isGivenUp) {
          if (text.length - position <= longestRecord) break
          onBad(tooLong(line, text.slice(position)))
          isGivenUp = true
        }
        lineEnd = text.length
        if (isGivenUp) return lineEnd
      }
      if (isGivenUp) {
        isGivenUp = false
        line++
        position = lineEnd + 1
        continue
      }
      if (quote >= 0 && quote < position) quote = text.indexOf('"', position)
      let values: string[] | undefined
      let end = lineEnd
      if (quote < 0 || quote >= lineEnd) {
        values = text.slice(position, withoutCarriageReturn(text, position, lineEnd)).split(delimiter)
      } else {
        const quoted = splitQuoted(text, position, isEnd, delimiterCode)
        if (quoted === 'incomplete') {
          if (!isEnd && text.length - position < longestRecord) break
          onBad({
            line,
            column: '',
            reason: 'a quote is opened and never closed',
            raw: text.slice(position, withoutCarriageReturn(text, position, lineEnd)),
          })
        } else {
          values = quoted.values
          end = quoted.end
        }
      }
      const raw = text.slice(position, withoutCarriageReturn(text, position, end))
      if (values && raw !== '') accept({ line, values, raw }, isDamaged, { onRow, onBad })
      line += values && end > lineEnd ? countLines(text, position, end) : 1
      position = end + 1
    }
    return position
  }

  return {
    push(text, isDamaged) {
      if (isStart && text !== '') {
        isStart = false
        if (text.startsWith('\ufeff')) text = text.slice(1)
      }
      const whole = pending + text
      const damaged = isDamaged || isPendingDamaged
      pending = whole.slice(read(whole, damaged, false))
      isPendingDamaged = pending !== '' && damaged
    },
    end() {
      read(pending, isPendingDamaged, true)
      pending = ''
    },
  }
}

/** Reads lines of values between bars, as SAM has them: no quotes. */
export function barReader({ onRow, onBad }: RowHandlers): RowReader {
  let pending = ''
  let line = 0
  let isPendingDamaged = false
  let isStart = true
  let isGivenUp = false

  function take(raw: string, isDamaged: boolean) {
    line++
    if (isGivenUp) {
      isGivenUp = false
      return
    }
    const text = raw.endsWith('\r') ? raw.slice(0, -1) : raw
    if (text !== '') accept({ line, values: text.split('|'), raw: text }, isDamaged, { onRow, onBad })
  }

  return {
    push(text, isDamaged) {
      if (isStart && text !== '') {
        isStart = false
        if (text.startsWith('\ufeff')) text = text.slice(1)
      }
      const lines = (pending + text).split('\n')
      const damaged = isDamaged || isPendingDamaged
      pending = lines.pop()!
      isPendingDamaged = pending !== '' && damaged
      for (const one of lines) take(one, damaged)
      if (isGivenUp) pending = ''
      if (pending.length > longestRecord) {
        onBad(tooLong(line + 1, pending))
        isGivenUp = true
        pending = ''
      }
    },
    end() {
      if (pending !== '') take(pending, isPendingDamaged)
      pending = ''
    },
  }
}

function accept(row: FileRow, isDamaged: boolean, { onRow, onBad }: RowHandlers) {
  const reason = row.raw.includes('\0')
    ? 'a NUL byte'
    : isDamaged && row.raw.includes('\ufffd')
      ? 'invalid UTF-8'
      : undefined
  if (reason) onBad({ line: row.line, column: '', reason, raw: row.raw })
  else onRow(row)
}

function splitQuoted(
  text: string,
  start: number,
  isEnd: boolean,
  delimiter: number,
): { values: string[]; end: number } | 'incomplete' {
  const values: string[] = []
  let position = start
  for (;;) {
    if (text.charCodeAt(position) === 34) {
      let value = ''
      let from = position + 1
      for (;;) {
        const close = text.indexOf('"', from)
        if (close < 0) return 'incomplete'
        if (text.charCodeAt(close + 1) !== 34) {
          // At the edge of the piece a second quote may follow in the next one.
          if (close + 1 >= text.length && !isEnd) return 'incomplete'
          value += text.slice(from, close)
          position = close + 1
          break
        }
        value += text.slice(from, close + 1)
        from = close + 2
      }
      const next = nextDelimiter(text, position, delimiter)
      // Text after the closing quote belongs to the value, as spreadsheets read it.
      values.push(value + text.slice(position, withoutCarriageReturn(text, position, next)))
      position = next
    } else {
      const next = nextDelimiter(text, position, delimiter)
      const atLineEnd = text.charCodeAt(next) !== delimiter
      values.push(text.slice(position, atLineEnd ? withoutCarriageReturn(text, position, next) : next))
      position = next
    }
    if (position >= text.length) return isEnd ? { values, end: text.length } : 'incomplete'
    if (text.charCodeAt(position) === 10) return { values, end: position }
    position++
  }
}

function nextDelimiter(text: string, from: number, delimiter: number): number {
  for (let position = from; position < text.length; position++) {
    const code = text.charCodeAt(position)
    if (code === delimiter || code === 10) return position
  }
  return text.length
}

const withoutCarriageReturn = (text: string, start: number, end: number) =>
  end > start && text.charCodeAt(end - 1) === 13 ? end - 1 : end

function countLines(text: string, start: number, end: number): number {
  let count = 1
  for (
    let position = text.indexOf('\n', start);
    position >= 0 && position < end;
    position = text.indexOf('\n', position + 1)
  )
    count++
  return count
}
