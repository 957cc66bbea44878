import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { testDatabase } from '#test/database.ts'
import { Database, onSignal, sendSignal } from './index.ts'

const { admin, login } = await testDatabase()
// Closed before the database is dropped, and each with a connection of its own, as two processes have.
const [here, there] = [new Database({ login }), new Database({ login })]
after(() => Promise.all([here.close(), there.close()]))

type Heard = (string | undefined)[]
const listen = (db: Database, channel: string): Heard => {
  const heard: Heard = []
  onSignal(db, channel, payload => heard.push(payload))
  return heard
}

async function until(condition: () => boolean | Promise<boolean>, seconds = 10): Promise<void> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(10)) if (await condition()) return
  assert.fail('It did not happen in time')
}

const listeners = async () =>
  (await admin.query(`select pid from pg_stat_activity where datname = current_database() and query ~ '^listen '`)).rows

test('MT-19 a signal reaches other processes, and this one, if and only if its transaction commits', async () => {
  const [mine, others, elsewhere] = [listen(here, 'news'), listen(there, 'news'), listen(there, 'other_news')]
  await until(() => mine.length > 0 && others.length > 0 && elsewhere.length > 0)
  assert.deepEqual([mine, others], [[undefined], [undefined]], 'who begins to listen is to look for himself')
  await here.transaction({}, async tx => {
    await sendSignal(tx, 'news', 'first')
    await sleep(100)
    assert.equal(others.length, 1, 'not before the commit')
  })
  await assert.rejects(
    here.transaction({}, async tx => {
      await sendSignal(tx, 'news', 'never')
      throw new Error('never mind')
    }),
  )
  const began = performance.now()
  await sendSignal(there.unscoped, 'news', 'second')
  await until(() => mine.length === 3 && others.length === 3)
  assert.ok(performance.now() - began < 500)
  assert.deepEqual(mine, [undefined, 'first', 'second'])
  assert.deepEqual(others, mine)
  assert.deepEqual(elsewhere, [undefined])
  assert.equal((await listeners()).length, 2, 'one connection for all channels of a process')
})

test('MT-19 who listens no more hears nothing, and others still do', async () => {
  const [kept, given]: [Heard, Heard] = [[], []]
  onSignal(here, 'leaving', payload => kept.push(payload))
  const stop = onSignal(here, 'leaving', payload => given.push(payload))
  await until(() => kept.length > 0)
  stop()
  await sendSignal(there.unscoped, 'leaving', 'after')
  await until(() => kept.includes('after'))
  assert.ok(!given.includes('after'))
})

test('MT-19 after its connection was cut a process looks for itself, and hears again', async () => {
  const heard = listen(here, 'cuts')
  await until(() => heard.length > 0)
  for (const { pid } of await listeners()) await admin.query('select pg_terminate_backend($1)', [pid])
  await until(async () => (await listeners()).length === 0)
  await sendSignal(there.unscoped, 'cuts', 'into the silence')
  await until(() => heard.length > 1)
  assert.equal(heard[1], undefined, 'what was missed is to be looked for')
  await until(async () => {
    await sendSignal(there.unscoped, 'cuts', 'again')
    return heard.includes('again')
  })
})

test('MT-19 where no signals come through, listeners look for themselves every two seconds', async () => {
  // As behind a transaction pooler: LISTEN is taken and nothing comes of it.
  const deaf = new Database({ login })
  const connect = deaf.connect.bind(deaf)
  deaf.connect = async () => {
    const client = await connect()
    const query = client.query.bind(client)
    client.query = ((text: string) => query(text.startsWith('listen') ? 'select 1' : text)) as typeof client.query
    return client
  }
  const heard = listen(deaf, 'silence')
  await sendSignal(there.unscoped, 'silence', 'unheard')
  await sleep(5_000)
  assert.ok(heard.length >= 2 && heard.length <= 4, String(heard.length))
  assert.ok(heard.every(payload => payload === undefined))
  await deaf.close()
})

test('MT-19 a closed database listens no more, and a signal crosses processes', async () => {
  const short = new Database({ login })
  const heard = listen(short, 'short')
  await until(() => heard.length > 0)
  const before = (await listeners()).length
  await short.close()
  await until(async () => (await listeners()).length === before - 1)
  const again = new Database({ login })
  listen(again, 'short')
  await again.close()

  const child = fork(new URL('./signals.test.child.ts', import.meta.url), [JSON.stringify(login)])
  const [heardThere] = await Promise.all([
    once(child, 'message'),
    once(child, 'spawn').then(async () => {
      for (const end = Date.now() + 5_000; Date.now() < end && child.connected; await sleep(50))
        await sendSignal(here.unscoped, 'children', 'grow up')
    }),
  ])
  assert.equal(heardThere[0], 'grow up')
  if (child.exitCode === null) await once(child, 'exit')
  assert.equal(child.exitCode, 0)
})
