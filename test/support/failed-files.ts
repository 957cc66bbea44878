import type { TestEvent } from 'node:test/reporters'

/** A reporter for node's test runner: the path of each file in which something failed, a line each time. */
export default async function* failedFiles(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const { type, data } of events) if (type === 'test:fail' && data.file) yield `${data.file}\n`
}
