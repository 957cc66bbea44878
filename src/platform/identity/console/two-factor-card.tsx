import { Alert, Button, Card, Group, Loader, Modal, Stack, Text, Title } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { ErrorState, formatInstantDay, formatTime, Icon } from '#platform/console'
import { BackupCodes } from './backup-codes.tsx'
import classes from './two-factor.module.css'
import { renewCodes, startSetUp, type TwoFactor, turnOff, twoFactorQuery } from './two-factor.ts'
import { TwoFactorSetUp } from './two-factor-set-up.tsx'

/** Below this the person is told to make new backup codes. */
const fewCodes = 3

export function TwoFactorCard() {
  const state = useQuery(twoFactorQuery)
  const title = useRef<HTMLHeadingElement>(null)
  // The button that had the focus is gone with what it finished.
  const done = () => requestAnimationFrame(() => title.current?.focus())
  return (
    <Card withBorder component="section" aria-labelledby="two-factor">
      <Title order={2} size="h4" id="two-factor" ref={title} tabIndex={-1} className={classes.heading}>
        Two-factor sign-in
      </Title>
      <Text size="sm" c="dimmed" mt={4}>
        After your password you enter a code from an app on your phone, so that a stolen password is not enough.
      </Text>
      {state.isPending && <Loader size="sm" mt="md" aria-label="Loading two-factor sign-in" />}
      {state.isError && <ErrorState error={state.error} retry={() => void state.refetch()} />}
      {state.isSuccess && (state.data.isEnabled ? <On state={state.data} done={done} /> : <Off done={done} />)}
    </Card>
  )
}

function Off({ done }: { done: () => void }) {
  const start = useMutation({ mutationFn: startSetUp })
  if (start.data) {
    return (
      <TwoFactorSetUp
        key={start.data.secret}
        setUp={start.data}
        again={() => start.mutate()}
        close={() => {
          start.reset()
          done()
        }}
      />
    )
  }
  return (
    <Stack gap="sm" mt="md" align="flex-start">
      <Text size="sm">
        <b>It is off.</b> A password alone opens your account.
      </Text>
      <Refusal error={start.error} />
      <Button size="xs" loading={start.isPending} onClick={() => start.mutate()}>
        Set up
      </Button>
    </Stack>
  )
}

function On({ state, done }: { state: TwoFactor; done: () => void }) {
  const client = useQueryClient()
  const [asked, setAsked] = useState<'codes' | 'off'>()
  const [codes, setCodes] = useState<readonly string[]>()
  if (codes) {
    return (
      <Stack gap="md" mt="md">
        <Title order={3}>Keep these backup codes</Title>
        <BackupCodes
          codes={codes}
          done={() => {
            setCodes(undefined)
            done()
          }}
        />
      </Stack>
    )
  }
  return (
    <Stack gap="sm" mt="md">
      <Text size="sm">
        <b>It is on</b>
        {state.enabledAt && ` since ${formatInstantDay(state.enabledAt)}`}.
        {state.lastUsedAt && ` A code was last used on ${formatTime(state.lastUsedAt)}.`}
      </Text>
      {state.backupCodesLeft < fewCodes ? (
        <Alert variant="light" color="yellow" icon={<Icon name="alert" />} title={codesLeft(state.backupCodesLeft)}>
          Make new ones, or the loss of your phone locks you out.
        </Alert>
      ) : (
        <Text size="sm">{codesLeft(state.backupCodesLeft)}.</Text>
      )}
      <Group gap="xs" mt={4}>
        <Button size="xs" variant="default" onClick={() => setAsked('codes')}>
          Make new backup codes
        </Button>
        <Button size="xs" variant="default" onClick={() => setAsked('off')}>
          Turn off
        </Button>
      </Group>
      {asked === 'codes' && (
        <NewCodes
          close={() => setAsked(undefined)}
          done={made => {
            setCodes(made)
            setAsked(undefined)
            void client.invalidateQueries(twoFactorQuery)
          }}
        />
      )}
      {asked === 'off' && <TurnOff close={() => setAsked(undefined)} />}
    </Stack>
  )
}

function codesLeft(count: number): string {
  if (count === 0) return 'No backup code is left'
  return count === 1 ? 'One backup code is left' : `${count} backup codes are left`
}

function NewCodes({ close, done }: { close: () => void; done: (codes: readonly string[]) => void }) {
  const renewal = useMutation({ mutationFn: renewCodes, onSuccess: done })
  return (
    <Modal opened onClose={close} title="Make new backup codes?" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Text size="sm">You get ten new ones. Those that you have stop working.</Text>
      <Refusal error={renewal.error} />
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
        <Button loading={renewal.isPending} onClick={() => renewal.mutate()} data-autofocus>
          Make new codes
        </Button>
      </Group>
    </Modal>
  )
}

function TurnOff({ close }: { close: () => void }) {
  const client = useQueryClient()
  const removal = useMutation({
    mutationFn: turnOff,
    onSuccess: async () => {
      close()
      notifications.show({ title: 'Two-factor sign-in is off', message: 'You get a mail that says so.' })
      await client.invalidateQueries(twoFactorQuery)
    },
  })
  return (
    <Modal opened onClose={close} title="Turn two-factor sign-in off?" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Text size="sm">
        Your password alone opens your account then. The entry in your app and your backup codes become worthless; to
        turn it on again you scan a new QR code.
      </Text>
      <Refusal error={removal.error} />
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={close} data-autofocus>
          Keep it on
        </Button>
        <Button color="red.9" loading={removal.isPending} onClick={() => removal.mutate()}>
          Turn off
        </Button>
      </Group>
    </Modal>
  )
}

function Refusal({ error }: { error: Error | null }) {
  if (!error) return null
  return (
    <Text size="sm" c="var(--mantine-color-error)" role="alert" mt="xs">
      {error.message}
    </Text>
  )
}
