import { ActionIcon, Button, Card, Group, Modal, Skeleton, Stack, Text, TextInput, Title } from '@mantine/core'
import { useForm } from '@mantine/form'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type RefObject, useRef, useState } from 'react'
import {
  ErrorState,
  FormFoot,
  formatInstantDay,
  Icon,
  Problem,
  Refusal,
  request,
  useReturningFocus,
} from '#platform/console'
import { Ago } from './moment.tsx'
import {
  canKeepPasskeys,
  kindsInWords,
  type Passkey,
  passkeysQuery,
  registerPasskey,
  suggestName,
} from './own-passkeys.ts'
import classes from './passkeys-card.module.css'

/** The passkeys of one's account: to add, rename and remove. */
export function PasskeysCard() {
  const { data, isPending, error, refetch } = useQuery(passkeysQuery)
  const [isAdding, setIsAdding] = useState(false)
  const add = useRef<HTMLButtonElement>(null)
  const hasSome = data !== undefined && data.items.length > 0
  const button = canKeepPasskeys() && (
    <Button ref={add} size="xs" leftSection={<Icon name="plus" size={15} />} onClick={() => setIsAdding(true)}>
      Add a passkey
    </Button>
  )
  return (
    <Card withBorder component="section" aria-labelledby="passkeys">
      <Group justify="space-between" align="flex-start" gap="sm" mb={hasSome ? 'sm' : 0}>
        <div style={{ flex: '1 1 260px' }}>
          <Title order={2} size="h4" id="passkeys">
            Passkeys
          </Title>
          <Text c="dimmed" size="sm" mt={4}>
            Sign in with your fingerprint, face or screen lock instead of a password.
          </Text>
        </div>
        {hasSome && button}
      </Group>
      {isPending ? (
        <Skeleton height={90} mt="sm" />
      ) : error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : hasSome ? (
        <ul className={classes.items}>
          {data.items.map(passkey => (
            <Item key={passkey.id} passkey={passkey} afterwards={add} />
          ))}
        </ul>
      ) : (
        <Stack gap="md" align="flex-start" mt="sm">
          <Text size="sm">
            You have none yet. Your phone, computer or password manager keeps a passkey and shows it to this site alone:
            there is nothing to remember, and nothing that a fake site could get out of you.
          </Text>
          {button}
        </Stack>
      )}
      {!canKeepPasskeys() && (
        <Text size="sm" c="dimmed" mt="sm">
          This browser cannot make passkeys. Open this page in another one to add some.
        </Text>
      )}
      {isAdding && <Addition close={() => setIsAdding(false)} />}
    </Card>
  )
}

type ItemProps = { passkey: Passkey; afterwards: RefObject<HTMLButtonElement | null> }

function Item({ passkey, afterwards }: ItemProps) {
  const [isRenaming, setIsRenaming] = useState(false)
  const [isRemoving, setIsRemoving] = useState(false)
  const pencil = useReturningFocus<HTMLButtonElement>(isRenaming)
  if (isRenaming) {
    return (
      <li className={classes.item}>
        <Renaming passkey={passkey} close={() => setIsRenaming(false)} />
      </li>
    )
  }
  return (
    <li className={classes.item}>
      <Icon name="key" size={22} />
      <div className={classes.what}>
        <div className={classes.name}>
          {passkey.name}
          <ActionIcon
            ref={pencil}
            variant="subtle"
            color="gray"
            size="sm"
            aria-label={`Rename ${passkey.name}`}
            onClick={() => setIsRenaming(true)}
          >
            <Icon name="pencil" size={15} />
          </ActionIcon>
        </div>
        <div className={classes.about}>
          <span>{kindsInWords[passkey.kind]}</span>
          <span>added {formatInstantDay(passkey.createdAt)}</span>
          <span>
            {passkey.lastUsedAt ? (
              <>
                used <Ago instant={passkey.lastUsedAt} />
              </>
            ) : (
              'not used yet'
            )}
          </span>
        </div>
      </div>
      <Button variant="default" size="xs" onClick={() => setIsRemoving(true)} aria-label={`Remove ${passkey.name}`}>
        Remove
      </Button>
      {isRemoving && <Removal passkey={passkey} close={() => setIsRemoving(false)} afterwards={afterwards} />}
    </li>
  )
}

function Renaming({ passkey, close }: { passkey: Passkey; close: () => void }) {
  const client = useQueryClient()
  const form = useForm({ initialValues: { name: passkey.name }, validate: { name: needsName } })
  const rename = useMutation({
    mutationFn: (name: string) => request(`/me/passkeys/${passkey.id}`, { method: 'PATCH', body: { name } }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: passkeysQuery.queryKey })
      close()
    },
    onError: error => form.setErrors({ name: error.message }),
  })
  return (
    <form className={classes.renaming} onSubmit={form.onSubmit(({ name }) => rename.mutate(name.trim()))} noValidate>
      <TextInput
        size="xs"
        aria-label={`New name of ${passkey.name}`}
        maxLength={100}
        autoFocus
        {...form.getInputProps('name')}
        onFocus={event => event.currentTarget.select()}
        onKeyDown={event => event.key === 'Escape' && close()}
      />
      <Group gap="xs" wrap="nowrap">
        <Button type="submit" size="xs" loading={rename.isPending}>
          Save
        </Button>
        <Button variant="default" size="xs" onClick={close}>
          Cancel
        </Button>
      </Group>
    </form>
  )
}

function Addition({ close }: { close: () => void }) {
  const client = useQueryClient()
  const form = useForm({ initialValues: { name: suggestName(navigator.userAgent) }, validate: { name: needsName } })
  const add = useMutation({
    mutationFn: (name: string) => registerPasskey(name),
    onSuccess: async ({ name }) => {
      await client.invalidateQueries({ queryKey: passkeysQuery.queryKey })
      close()
      notifications.show({ message: `The passkey “${name}” was added.` })
    },
    onError: error => error instanceof Problem && form.setErrors(error.fields),
  })
  return (
    <Modal opened onClose={close} title="Add a passkey" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={form.onSubmit(({ name }) => add.mutate(name.trim()))} noValidate>
        <Stack gap="md">
          <Text size="sm">
            Your browser will ask where to keep the passkey: on this device, in a password manager, on a phone nearby or
            on a security key.
          </Text>
          <Refusal error={add.error} />
          <TextInput
            label="Name"
            description="To know it by when you have several."
            data-autofocus
            maxLength={100}
            autoComplete="off"
            {...form.getInputProps('name')}
          />
          <FormFoot close={close} isPending={add.isPending}>
            {add.error ? 'Try again' : 'Continue'}
          </FormFoot>
        </Stack>
      </form>
    </Modal>
  )
}

function Removal({ passkey, close, afterwards }: ItemProps & { close: () => void }) {
  const client = useQueryClient()
  const removal = useMutation({
    mutationFn: () => request(`/me/passkeys/${passkey.id}`, { method: 'DELETE' }),
    onSuccess: async () => {
      notifications.show({ message: `The passkey “${passkey.name}” was removed.` })
      close()
      await client.invalidateQueries({ queryKey: passkeysQuery.queryKey })
      // The button that had the focus is gone with its passkey.
      requestAnimationFrame(() => afterwards.current?.focus())
    },
  })
  return (
    <Modal opened onClose={close} title={`Remove “${passkey.name}”?`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <Refusal error={removal.error} mb="md" />
      <Text size="sm">
        Nobody can sign in with it any more. The device or password manager that keeps it will go on offering it until
        you delete it there too.
      </Text>
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={close} data-autofocus>
          Keep it
        </Button>
        <Button color="red.9" loading={removal.isPending} onClick={() => removal.mutate()}>
          Remove the passkey
        </Button>
      </Group>
    </Modal>
  )
}

const needsName = (value: string) => (value.trim() ? null : 'Give the passkey a name.')
