import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'

for (const file of ['src/contractors/routes.test.ts', 'src/platform/webhooks/webhooks.test.ts']) {
  test(`MT-17 ${file} holds for tenants with a database of their own`, async () => {
    const child = spawn(process.execPath, ['--test', '--test-isolation=none', '--test-reporter=tap', file], {
      // Else the runner takes it for one of its own files.
      env: { ...process.env, COMMONHOLD_TEST_PLACED: '1', NODE_TEST_CONTEXT: undefined },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const output = await text(child.stdout)
    assert.match(
      output,
      /^# fail 0$/m,
      output
        .split('\n')
        .filter(line => /^not ok|error:|code:/.test(line.trim()))
        .join('\n'),
    )
    assert.match(output, /^# pass [1-9]/m)
  })
}
