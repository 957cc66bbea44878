import { Alert, Anchor, Button, Group, Stack, Text, Title } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react'
import { encode } from 'uqr'
import { CodeField, CopyButton, Icon, Problem, sessionQuery } from '#platform/console'
import { BackupCodes } from './backup-codes.tsx'
import classes from './two-factor.module.css'
import { type SetUp, twoFactorQuery, verifySetUp } from './two-factor.ts'

const steps = ['Scan', 'Code', 'Backup codes'] as const

/** From the QR code to the backup codes. `again` starts anew, when it took too long. */
export function TwoFactorSetUp({ setUp, again, close }: { setUp: SetUp; again: () => void; close: () => void }) {
  const client = useQueryClient()
  const [isScanned, setScanned] = useState(false)
  const [code, setCode] = useState('')
  const verification = useMutation({ mutationFn: verifySetUp })
  const finish = async () => {
    await client.invalidateQueries(twoFactorQuery)
    // A workspace that wanted one may be open now.
    await client.invalidateQueries(sessionQuery)
    close()
  }

  if (verification.isSuccess) {
    return (
      <Step number={3}>
        <BackupCodes codes={verification.data} done={finish} />
      </Step>
    )
  }
  if (!isScanned) {
    return (
      <Step number={1}>
        <Scan setUp={setUp} />
        <Group gap="xs">
          <Button onClick={() => setScanned(true)}>Next</Button>
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
        </Group>
      </Step>
    )
  }
  const problem = verification.error instanceof Problem ? verification.error : undefined
  if (problem?.code === 'identity.two_factor_not_started') {
    return (
      <Step number={2}>
        <Alert variant="light" color="red" icon={<Icon name="clock" />} title="This took too long" role="alert">
          <Text size="sm">A set-up lasts 30 minutes. The new one has another QR code.</Text>
          <Button size="xs" variant="default" mt="sm" onClick={again} autoFocus>
            Start again
          </Button>
        </Alert>
      </Step>
    )
  }
  return (
    <Step number={2}>
      <form
        noValidate
        onSubmit={event => {
          event.preventDefault()
          if (!verification.isPending) verification.mutate(code)
        }}
      >
        <Stack gap="md">
          <Text size="sm">
            The app shows six digits for Commonhold, new ones every 30 seconds. Once the code is accepted, your other
            devices are signed out; you sign in there again, with a code.
          </Text>
          <CodeField
            label="Code from the app"
            autoFocus
            value={code}
            onChange={setCode}
            onComplete={complete => !verification.isPending && verification.mutate(complete)}
            error={verification.error?.message}
          />
          <Group gap="xs">
            <Button type="submit" loading={verification.isPending} disabled={code.length < 6}>
              Turn on
            </Button>
            <Button variant="default" onClick={() => setScanned(false)}>
              Back
            </Button>
          </Group>
        </Stack>
      </form>
    </Step>
  )
}

function Step({ number, children }: { number: 1 | 2 | 3; children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    // The field of the second step takes the focus itself.
    if (number !== 2) heading.current?.focus()
  }, [number])
  return (
    <Stack gap="md" mt="md">
      <ol className={classes.steps} aria-label="Steps">
        {steps.map((step, index) => (
          <li key={step} aria-current={index + 1 === number ? 'step' : undefined}>
            <span className={classes.number} aria-hidden="true">
              {index + 1 < number ? <Icon name="check" size={13} /> : index + 1}
            </span>
            {step}
          </li>
        ))}
      </ol>
      <Title order={3} ref={heading} tabIndex={-1} className={classes.heading}>
        {titles[number]}
      </Title>
      {children}
    </Stack>
  )
}

const titles = {
  1: 'Scan this with your authenticator app',
  2: 'Enter the code that the app shows',
  3: 'Keep these backup codes',
} as const

function Scan({ setUp: { secret, uri } }: { setUp: SetUp }) {
  const key = secret.match(/.{1,4}/g)?.join(' ') ?? secret
  return (
    <div className={classes.scan}>
      <QrCode text={uri} />
      <Stack gap="sm" align="flex-start">
        <Text size="sm">
          Any app for time-based codes will do: the one of your password manager, Google Authenticator, Aegis and
          others.
        </Text>
        <Text size="sm">
          Is the app on this device?{' '}
          <Anchor href={uri} underline="always">
            Open it there
          </Anchor>
          , or enter this key by hand:
        </Text>
        <Text className={classes.key} size="sm">
          {key}
        </Text>
        <CopyButton text={secret} label="Copy the key" />
      </Stack>
    </div>
  )
}

/** Drawn here: the secret in it goes to nobody else. */
function QrCode({ text }: { text: string }) {
  const { size, path } = useMemo(() => {
    const { size, data } = encode(text, { ecc: 'M', border: 4 })
    const dots = data.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : '')))
    return { size, path: dots.join('') }
  }, [text])
  return (
    <svg
      className={classes.qr}
      viewBox={`0 0 ${size} ${size}`}
      shapeRendering="crispEdges"
      role="img"
      aria-label="QR code for the authenticator app"
    >
      <path d={path} fill="currentColor" />
    </svg>
  )
}
