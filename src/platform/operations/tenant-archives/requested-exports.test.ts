import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { believedNoLonger, joinAs, newPerson, testWorld } from '#test/world.ts'
import { makeTenantExport, removeExpiredExports } from './export-jobs.ts'
import { importTenant } from './imports.ts'
import type { RequestedExport } from './requested-exports.ts'

const world = await testWorld({ hasRouteLimits: false })
const { admin, adminConfig, alice, bob, viewer } = world
const folder = mkdtempSync(join(tmpdir(), 'commonhold-exports-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const app = {
  ...world.app,
  administration: { admin: adminConfig, isEmbedded: false, dataDirectory: folder },
}
const administrator = await newPerson(world)
await joinAs(world, administrator.userId, alice.tenantId, 'admin')
await admin.query('insert into identity.operators (user_id) values ($1)', [bob.userId])
await believedNoLonger()

type Wire = Omit<RequestedExport, 'expiresAt'> & { expiresAt: string | null }
const passphrase = 'correct horse battery staple'
const list = async (person = alice) =>
  ((await (await person.fetch('/tenant/exports')).json()) as { items: Wire[] }).items
const ask = (body: object, person = alice, path = '/tenant/exports') => person.fetch(path, { method: 'POST', body })
const make = (exportId: string) => makeTenantExport.run({ tenantId: alice.tenantId, exportId }, app)

test('MT-08 an owner exports the workspace as a job, fetches the file by a link that expires, and it is what the command writes', async () => {
  const asked = await ask({ passphrase })
  assert.equal(asked.status, 202, await asked.clone().text())
  const { id, status } = (await asked.json()) as Wire
  assert.equal(status, 'waiting')
  assert.equal((await ask({})).status, 409, 'one at a time')
  const { rows: jobs } = await admin.query(`select data from jobs.job where name = 'operations.make-tenant-export'`)
  assert.deepEqual(jobs.at(-1).data, { tenantId: alice.tenantId, exportId: id }, 'no passphrase in the queue')
  const { rows: kept } = await admin.query('select passphrase_encrypted as text from operations.tenant_exports')
  assert.ok(kept[0].text && !kept[0].text.includes(passphrase))

  await make(id)
  const [done] = await list()
  assert.deepEqual([done?.status, done?.isSealed, done?.failure], ['done', true, null])
  assert.ok((done?.rowsDone ?? 0) > 10 && (done?.tablesDone ?? 0) > 10 && done?.tablesDone === done?.tablesTotal)
  assert.match(done?.fileName ?? '', /^meridian-capture-\d{8}T\d{6}Z\.chb$/)
  const left = Date.parse(done?.expiresAt ?? '') - Date.now()
  assert.ok(left > 23 * 3_600_000 && left <= 24 * 3_600_000)
  const { rows: forgotten } = await admin.query('select passphrase_encrypted as text from operations.tenant_exports')
  assert.equal(forgotten[0].text, null)

  assert.equal((await alice.fetch(`/tenant/exports/${id}/file`)).status, 404, 'without a link it does not open')
  const link = await ask({}, alice, `/tenant/exports/${id}/links`)
  const { href } = (await link.json()) as { href: string }
  const file = await alice.fetch(href.replace('/api/v1', ''))
  assert.equal(file.status, 200)
  const bytes = Buffer.from(await file.arrayBuffer())
  assert.equal(bytes.length, done?.byteCount)
  const path = join(folder, 'fetched.chb')
  writeFileSync(path, bytes)
  const imported = await importTenant(app, path, {
    ...{ passphrase, slug: 'fetched', rejectsPath: `${path}.rejects`, actor: 'Ann' },
  })
  assert.equal(imported.tenant.slug, 'fetched')

  const { rows: told } = await admin.query(
    `select action, user_id from audit.audit_logs where tenant_id = $1 and action like 'tenants.export%' order by created_at`,
    [alice.tenantId],
  )
  assert.deepEqual(
    told,
    ['tenants.export_requested', 'tenants.exported', 'tenants.export_fetched'].map(action => ({
      action,
      user_id: alice.userId,
    })),
  )
  await admin.query(`update operations.tenant_exports set open_until = now() - interval '1 second'`)
  assert.equal((await alice.fetch(`/tenant/exports/${id}/file`)).status, 404, 'the link has expired')
})

test('MT-08 only owners export their workspace, others see nothing of it, and it takes a fresh sign-in', async () => {
  const [{ id } = { id: '' }] = await list()
  for (const person of [viewer, administrator])
    for (const [method, path] of [
      ['GET', '/tenant/exports'],
      ['POST', '/tenant/exports'],
      ['POST', `/tenant/exports/${id}/links`],
      ['GET', `/tenant/exports/${id}/file`],
      ['DELETE', `/tenant/exports/${id}`],
    ] as const)
      assert.equal((await person.fetch(path, { method, ...(method === 'POST' && { body: {} }) })).status, 403, path)
  assert.deepEqual(await list(bob), [], 'the owner of another workspace')
  assert.equal((await ask({}, bob, `/tenant/exports/${id}/links`)).status, 404)
  assert.equal((await bob.fetch(`/tenant/exports/${id}`, { method: 'DELETE' })).status, 404)
  assert.equal((await list())[0]?.id, id, 'control')

  await admin.query(
    `update identity.user_sessions set authenticated_at = now() - interval '1 hour' where user_id = $1`,
    [alice.userId],
  )
  await believedNoLonger()
  for (const path of ['/tenant/exports', `/tenant/exports/${id}/links`]) {
    const refused = await ask({}, alice, path)
    assert.equal(((await refused.json()) as { code: string }).code, 'http.step_up_required', path)
  }
  await admin.query('update identity.user_sessions set authenticated_at = now() where user_id = $1', [alice.userId])
  await believedNoLonger()
})

test('MT-08 an operator exports any workspace, which its owner sees, and nobody else does so', async () => {
  const path = `/installation/tenants/${alice.tenantId}/exports`
  for (const method of ['GET', 'POST'] as const)
    assert.equal((await alice.fetch(path, { method, ...(method === 'POST' && { body: {} }) })).status, 403)
  const asked = await ask({}, bob, path)
  assert.equal(asked.status, 202, await asked.clone().text())
  const { id } = (await asked.json()) as Wire
  await make(id)
  const [seen] = await list()
  assert.deepEqual([seen?.id, seen?.isByOperator, seen?.status, seen?.isSealed], [id, true, 'done', false])
  const { href } = (await (await ask({}, bob, `${path}/${id}/links`)).json()) as { href: string }
  const bytes = Buffer.from(await (await bob.fetch(href.replace('/api/v1', ''))).arrayBuffer())
  assert.deepEqual([...bytes.subarray(0, 2)], [0x1f, 0x8b])
  assert.equal((await ask({}, bob, `/installation/tenants/${crypto.randomUUID()}/exports`)).status, 404)
})

test('MT-08 a cancelled export ends, a failed one says why, one whose program was killed is over, and files go when they expire', async () => {
  const id = ((await (await ask({})).json()) as Wire).id
  assert.equal((await alice.fetch(`/tenant/exports/${id}`, { method: 'DELETE' })).status, 204)
  await make(id)
  assert.ok(!(await list()).some(each => each.id === id))

  const failing = ((await (await ask({})).json()) as Wire).id
  await makeTenantExport.run(
    { tenantId: alice.tenantId, exportId: failing },
    { ...app, administration: undefined as never },
  )
  const [failed] = await list()
  assert.deepEqual([failed?.id, failed?.status], [failing, 'failed'])
  assert.match(failed?.failure ?? '', /administrator/)

  const killed = ((await (await ask({ passphrase })).json()) as Wire).id
  await admin.query(
    `update operations.tenant_exports set status = 'running', seen_at = now() - interval '4 minutes' where id = $1`,
    [killed],
  )
  assert.match((await list()).find(each => each.id === killed)?.failure ?? '', /ended before it was done/)

  const parts = async () =>
    (await admin.query('select count(*)::int as n from operations.tenant_export_parts')).rows[0].n
  assert.ok((await parts()) > 0, 'control')
  await admin.query(
    `update operations.tenant_exports set expires_at = now() - interval '1 minute' where status = 'done'`,
  )
  await removeExpiredExports.run({}, app)
  assert.equal(await parts(), 0)
  const [expired] = (await list()).filter(({ status }) => status === 'done')
  assert.equal((await ask({}, alice, `/tenant/exports/${expired?.id}/links`)).status, 404)
})
