import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { App } from '#platform/app.ts'
import { publicKeyOf, recordEvent, sealEntries } from '#platform/audit'
import { Keyring } from '#platform/crypto'
import { documentKeys, openDocumentSigner } from '#platform/identity'
import { commandsOn, runCommand } from '#test/commands.ts'
import { testDatabase } from '#test/database.ts'
import { signerOf } from '#test/signers.ts'
import { adviceFor } from '../../audit/advice.ts'
import { makeCheckpoint } from '../../audit/checkpoints.ts'
import { registerAuditCommands } from './audit-commands.ts'

const { db, admin, adminConfig } = await testDatabase()
const app = {
  db,
  keyring: Keyring.parse(Keyring.generate('k1')),
  clock: { now: () => new Date() },
  config: { auditCheckpointDir: 'off' },
  administration: { admin: adminConfig, isEmbedded: true },
} as unknown as App
const verify = async (...words: string[]) => {
  const { written, exitCode } = await runCommand(commandsOn(app, registerAuditCommands), ['verify', '--json', ...words])
  const read = JSON.parse(written)
  return { counts: (Array.isArray(read) ? read[0] : read).counts, exitCode }
}
const checkpoint = async (signer: Awaited<ReturnType<typeof openDocumentSigner>>) => {
  await recordEvent(db.scoped({}), { action: 'happened' })
  await sealEntries(db)
  return await makeCheckpoint(db, { current: async () => signer, find: async () => undefined }, new Date(), undefined)
}

test('PE-07 a key is the installation’s by its private half, whatever public one stands in its table', async () => {
  const ours = await openDocumentSigner(app)
  await admin.query('update identity.signing_keys set retired_at = now()')
  const next = await openDocumentSigner(app)
  assert.notEqual(next.keyId, ours.keyId)
  const theirs = signerOf('theirs')
  const { jwk } = JSON.parse(Buffer.from(theirs.sign({}, 'x').split('.')[0] ?? '', 'base64url').toString())
  await admin.query(
    `insert into identity.signing_keys (id, algorithm, public_key, private_key_encrypted, retired_at)
     select gen_random_uuid(), algorithm, $1, private_key_encrypted, now() from identity.signing_keys where id = $2`,
    [jwk, ours.keyId],
  )
  assert.deepEqual(
    [...(await documentKeys(app))].sort(),
    [ours, next].map(signer => publicKeyOf(signer).thumbprint).sort(),
  )

  await checkpoint(next)
  assert.deepEqual(await verify(), { counts: {}, exitCode: undefined })
  const { keyring } = app
  Object.assign(app, { keyring: Keyring.parse(Keyring.generate('k2')) })
  assert.deepEqual(await verify(), { counts: { key_replaced: 1 }, exitCode: 3 }, 'COMMONHOLD_KEYS without that key')
  Object.assign(app, { keyring })
  await admin.query('truncate audit.checkpoints, audit.checkpoint_trees')
  await checkpoint(theirs)
  for (const words of [[], ['--everywhere']])
    assert.deepEqual(await verify(...words), { counts: { key_replaced: 1 }, exitCode: 3 }, words.join())
  assert.match(adviceFor('key_replaced'), /COMMONHOLD_KEYS lacks the key/)
})
