// RFC 5545 read by its grammar (section 3.1 and 3.4), knowing nothing of what writes it.
import assert from 'node:assert/strict'

export type Property = { name: string; parameters: Record<string, string>; value: string }
export type Component = { name: string; properties: Property[]; components: Component[] }

const name = '[A-Za-z0-9-]+'
const quoted = '"[^\\u0000-\\u0008\\u000a-\\u001f"\\u007f]*"'
const safe = '[^\\u0000-\\u0008\\u000a-\\u001f";:,\\u007f]*'
const parameterValue = `(?:${quoted}|${safe})`
const parameter = `;${name}=${parameterValue}(?:,${parameterValue})*`
const contentLine = new RegExp(`^(${name})((?:${parameter})*):([^\\u0000-\\u0008\\u000a-\\u001f\\u007f]*)$`, 'u')

/** One component with all that is in it. Throws where the text is none. */
export function parseCalendar(text: string): Component {
  assert.ok(text.endsWith('\r\n'), 'each line has its end')
  assert.doesNotMatch(text.replaceAll('\r\n', ''), /[\r\n]/, 'no end of a line but CRLF')
  const folded = text.slice(0, -2).split('\r\n')
  for (const line of folded) assert.ok(Buffer.byteLength(line) <= 75, `75 octets at most: ${line}`)
  const lines = text
    .slice(0, -2)
    .replace(/\r\n[ \t]/g, '')
    .split('\r\n')
  const open: Component[] = [{ name: '', properties: [], components: [] }]
  for (const line of lines) {
    const [, property = '', parameters = '', value = ''] = contentLine.exec(line) ?? assert.fail(`no line: ${line}`)
    const current = open.at(-1) as Component
    if (property === 'BEGIN') open.push({ name: value, properties: [], components: [] })
    else if (property === 'END') {
      assert.equal(current.name, value, 'what ends is what began')
      open.pop()
      open.at(-1)?.components.push(current)
    } else current.properties.push({ name: property, parameters: readParameters(parameters), value })
  }
  const [root] = open
  assert.ok(root && open.length === 1 && root.components.length === 1 && root.properties.length === 0)
  return root.components[0] as Component
}

const readParameters = (text: string) =>
  Object.fromEntries(
    [...text.matchAll(new RegExp(`;(${name})=(${parameterValue})`, 'gu'))].map(([, key, value]) => [key, value]),
  )

export function propertyOf({ properties }: Component, wanted: string): string | undefined {
  const found = properties.filter(each => each.name === wanted)
  assert.ok(found.length <= 1, `${wanted} at most once`)
  return found[0]?.value
}

/** A TEXT value (section 3.3.11). */
export function unescaped(value: string): string {
  assert.match(value, /^(?:[^\\;,]|\\[\\;,nN])*$/u, `no TEXT: ${value}`)
  return value.replace(/\\(.)/gu, (_, character: string) => (/n/i.test(character) ? '\n' : character))
}
