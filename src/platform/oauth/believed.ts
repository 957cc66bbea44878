import { type App, mainApp } from '#platform/app.ts'
import { onRevocation } from '#platform/identity'

/** How long an answer is believed, ms, as one about a session is: what has ended elsewhere is felt within this time. */
const believedFor = 2_000
const rememberedAtMost = 20_000

type Believed = { found: Promise<unknown>; until: number }

const memories = new WeakMap<App, { answers: Map<string, Believed> }>()

function memoryOf(app: App): { answers: Map<string, Believed> } {
  const main = mainApp(app)
  const found = memories.get(main)
  if (found) return found
  const memory = { answers: new Map<string, Believed>() }
  memories.set(main, memory)
  // A new map: what is being read now, and may be old already, goes into the one that is thrown away.
  onRevocation(main, () => {
    memory.answers = new Map()
  })
  return memory
}

/**
 * What `read` finds, or found less than two seconds ago. That there is nothing is never believed: what was made a moment
 * ago is there. What time alone ends, `holdsUntil` says, ends at that moment.
 */
export async function believe<T>(
  app: App,
  key: string,
  read: () => Promise<T | undefined>,
  holdsUntil: (found: T) => Date | null,
): Promise<T | undefined> {
  const memory = memoryOf(app)
  const known = memory.answers.get(key)
  if (known && known.until > performance.now()) {
    const found = await (known.found as Promise<T | undefined>)
    if (found !== undefined) return found
  }
  const { answers } = memory
  const reading = read()
  const believed = { found: reading, until: performance.now() + believedFor }
  if (answers.size >= rememberedAtMost) answers.clear()
  answers.set(key, believed)
  try {
    const found = await reading
    if (found === undefined) answers.delete(key)
    else {
      const ends = holdsUntil(found)
      if (ends) believed.until = Math.min(believed.until, performance.now() + ends.getTime() - Date.now())
    }
    return found
  } catch (error) {
    answers.delete(key)
    throw error
  }
}
