import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { DomainError } from '#platform/errors.ts'
import { joinAs, newPerson, signIn, testWorld } from '#test/world.ts'
import { importUsersInto } from './user-imports.ts'

const world = await testWorld()
const { app, admin, alice, bob, baseUrl } = world
const folder = mkdtempSync(join(tmpdir(), 'commonhold-members-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const bcryptOfSecret = '$2b$04$'
const path = join(folder, 'team.csv')
const slugOf = async (id: string) =>
  (await admin.query('select slug from tenancy.tenants where id = $1', [id])).rows[0].slug

test('PE-01 GG-04 everybody in a file becomes a member of one tenant, and signs in there with his old password', async () => {
  const { hash } = await import('bcryptjs')
  const guest = await newPerson(world)
  await joinAs(world, guest.userId, alice.tenantId, 'viewer')
  const passwordHash = await hash('the old passphrase', 4)
  assert.ok(passwordHash.startsWith(bcryptOfSecret))
  writeFileSync(
    path,
    `email,fullName,passwordHash,emailVerified\nnew@team.example,New,${passwordHash},true\n${guest.email},Guest,,\n${bob.email},Bob,,\n`,
  )
  const slug = await slugOf(alice.tenantId)
  const summary = await importUsersInto(app, path, {}, { slug, role: 'member' })
  assert.deepEqual(summary.rows, { read: 3, inserted: 1, known: 2, rejected: 0 })
  assert.equal(summary.changed, 2, 'one of them is a member already')
  const { rows } = await admin.query(
    `select account.email, role.name
     from tenancy.user_tenants as membership
     join identity.users as account on account.id = membership.user_id
     join access.user_tenant_roles as held on held.user_tenant_id = membership.id
     join access.roles as role on role.id = held.role_id
     where membership.tenant_id = $1 and account.email = any ($2)
     order by 1`,
    [alice.tenantId, ['new@team.example', guest.email, bob.email]],
  )
  assert.deepEqual(
    rows.map(({ email, name }) => [email, name]).toSorted(),
    [
      [bob.email, 'member'],
      ['new@team.example', 'member'],
      [guest.email, 'viewer'],
    ].toSorted(),
  )
  const session = await signIn(baseUrl, {
    email: 'new@team.example',
    fullName: 'New',
    password: 'the old passphrase',
  })
  assert.equal(session.tenantId, alice.tenantId)
  const after = await admin.query(
    'select password_hash from identity.passwords where user_id = $1 and replaced_at is null',
    [session.userId],
  )
  assert.match(after.rows[0].password_hash, /^\$argon2id\$/, 'PE-01 hashed anew at the first sign-in')
  assert.equal((await importUsersInto(app, path, {}, { slug, role: 'admin' })).changed, 0, 'nobody’s role grows by it')
  const other = await admin.query('select from tenancy.user_tenants where tenant_id = $1', [bob.tenantId])
  assert.equal(other.rowCount, 1, 'AG-01 the other tenant has no new member')
})

test('PE-01 an unknown tenant or role is refused before anything is taken', async () => {
  writeFileSync(path, 'email\nnobody@team.example\n')
  const isCode = (code: string) => (error: unknown) => error instanceof DomainError && error.code === code
  const slug = await slugOf(alice.tenantId)
  await assert.rejects(
    importUsersInto(app, path, {}, { slug: 'nowhere', role: 'member' }),
    isCode('accounts.tenant_unknown'),
  )
  await assert.rejects(importUsersInto(app, path, {}, { slug, role: 'king' }), isCode('accounts.role_unknown'))
  const { rowCount } = await admin.query(`select from identity.users where email = 'nobody@team.example'`)
  assert.equal(rowCount, 0)
})
