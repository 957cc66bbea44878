import { Button, Checkbox, Group, Stack, Text } from '@mantine/core'
import { useEffect, useState } from 'react'
import { CopyButton, formatInstantDay, Icon, useSession } from '#platform/console'
import classes from './two-factor.module.css'

/** Backup codes as they are shown this once. `done` can be reached when the person says that he has kept them. */
export function BackupCodes({ codes, done }: { codes: readonly string[]; done: () => void }) {
  const { user } = useSession()
  const [areKept, setKept] = useState(false)
  const [isRefused, setRefused] = useState(false)
  useEffect(() => {
    if (areKept) return
    const warn = (event: BeforeUnloadEvent) => event.preventDefault()
    window.addEventListener('beforeunload', warn)
    return () => window.removeEventListener('beforeunload', warn)
  }, [areKept])
  const heading = `Commonhold backup codes for ${user.email}`
  const about = `Made on ${formatInstantDay(new Date().toISOString())}. Each works once, in the place of a code of your authenticator app.`

  return (
    <Stack gap="md">
      <Text size="sm">
        They let you in when your phone is lost or broken. Keep them where you find them without it: in a password
        manager or on paper. They are not shown again.
      </Text>
      <div className={classes.sheet}>
        <Text size="sm" fw={600}>
          {heading}
        </Text>
        <Text size="xs" c="dimmed">
          {about}
        </Text>
        <ul className={classes.codes} aria-label="Backup codes">
          {codes.map(code => (
            <li key={code}>{code}</li>
          ))}
        </ul>
      </div>
      <Group gap="xs">
        <CopyButton text={codes.join('\n')} label="Copy" />
        <Button
          size="xs"
          variant="default"
          leftSection={<Icon name="download" size={15} />}
          onClick={() => download([heading, about, '', ...codes, ''].join('\n'))}
        >
          Download
        </Button>
        <Button size="xs" variant="default" onClick={() => window.print()}>
          Print
        </Button>
      </Group>
      <Checkbox
        label="I have kept them"
        checked={areKept}
        error={isRefused && !areKept && 'Keep them first, then tick this: they are not shown again.'}
        onChange={event => setKept(event.currentTarget.checked)}
      />
      <Group>
        <Button onClick={() => (areKept ? done() : setRefused(true))}>Done</Button>
      </Group>
    </Stack>
  )
}

function download(text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'text/plain;charset=utf-8' }))
  const link = document.createElement('a')
  link.href = address
  link.download = 'commonhold-backup-codes.txt'
  link.click()
  URL.revokeObjectURL(address)
}
