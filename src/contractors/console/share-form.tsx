import {
  Button,
  Checkbox,
  Combobox,
  Group,
  Modal,
  NativeSelect,
  PasswordInput,
  Stack,
  Text,
  TextInput,
  useCombobox,
} from '@mantine/core'
import { useForm } from '@mantine/form'
import { useDebouncedValue } from '@mantine/hooks'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Problem, Refusal, request, startOfDay, useFeature } from '#platform/console'
import { refreshLists } from './lists.ts'
import {
  type NewShare,
  type Permission,
  type Person,
  pathOf,
  permissionChoices,
  shareesQuery,
} from './share-queries.ts'

type Draft = {
  permission: Permission
  expiresOn: string
  includesRemarks: boolean
  isSingleUse: boolean
  password: string
  sendMail: boolean
}

/** Names whom a list is shared with: a colleague by what his name begins with, or anybody by an address. */
export function ShareForm({
  listId,
  close,
  done,
}: {
  listId: string
  close: () => void
  done: (share: NewShare) => void
}) {
  const client = useQueryClient()
  const mayShareOutside = useFeature('contractors.outside_shares')
  const [who, setWho] = useState('')
  const [person, setPerson] = useState<Person>()
  const [refused, setRefused] = useState<string>()
  const form = useForm<Draft>({
    initialValues: {
      permission: 'view',
      expiresOn: '',
      includesRemarks: true,
      isSingleUse: false,
      password: '',
      sendMail: true,
    },
  })
  const isAddress = !person && who.includes('@')
  const isEditing = form.values.permission === 'edit'
  const share = useMutation({
    mutationFn: ({ permission, expiresOn, includesRemarks, isSingleUse, password, sendMail }: Draft) =>
      request<NewShare>(`${pathOf(listId)}/shares`, {
        method: 'POST',
        body: {
          ...(person ? { userId: person.userId } : { email: who.trim() }),
          permission,
          // The day that is named still belongs to it.
          ...(expiresOn && { expiresAt: startOfDay(expiresOn, 1) }),
          ...(isAddress && {
            includesRemarks: isEditing || includesRemarks,
            isSingleUse,
            sendMail,
            ...(password && { password }),
          }),
        },
      }),
    onSuccess: made => {
      void refreshLists(client)
      done(made)
    },
    onError: error => {
      if (error instanceof Problem && error.fields.password) form.setFieldError('password', error.fields.password)
    },
  })
  const submit = (draft: Draft) => {
    if (person || (isAddress && mayShareOutside)) {
      setRefused(undefined)
      share.mutate(draft)
    } else
      setRefused(
        isAddress ? 'This workspace does not share lists outside.' : 'Choose a colleague, or enter an address.',
      )
  }
  return (
    <Modal opened onClose={close} title="Share the list" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={form.onSubmit(submit)} noValidate>
        <Stack gap="sm">
          <Refusal error={share.error && Object.keys(form.errors).length === 0 ? share.error : undefined} />
          <WhoField
            listId={listId}
            value={who}
            error={refused}
            onType={text => {
              setWho(text)
              setPerson(undefined)
            }}
            onChoose={chosen => {
              setPerson(chosen)
              setWho(chosen.fullName ?? chosen.email)
            }}
          />
          <Group grow align="flex-start">
            <NativeSelect label="Permission" data={permissionChoices} {...form.getInputProps('permission')} />
            <TextInput
              type="date"
              label="Until"
              description="Empty for no end"
              {...form.getInputProps('expiresOn')}
              inputWrapperOrder={['label', 'input', 'description', 'error']}
            />
          </Group>
          {isAddress && mayShareOutside && (
            <Stack gap="sm">
              <Text size="sm" c="dimmed">
                If it is not a colleague’s address, it goes to somebody outside: a link that opens this list and nothing
                else.
              </Text>
              <Checkbox
                label="Show notes, tags, ratings, priorities and own fields"
                {...form.getInputProps('includesRemarks', { type: 'checkbox' })}
                {...(isEditing && { checked: true, disabled: true })}
              />
              <Checkbox label="The link works once" {...form.getInputProps('isSingleUse', { type: 'checkbox' })} />
              <Checkbox label="Send the link by mail" {...form.getInputProps('sendMail', { type: 'checkbox' })} />
              <PasswordInput
                label="Password"
                description="If you wish: tell it to the recipient in another way"
                autoComplete="new-password"
                visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
                {...form.getInputProps('password')}
              />
            </Stack>
          )}
          <Group justify="flex-end" mt="xs">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button type="submit" loading={share.isPending}>
              Share
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

type WhoFieldProps = {
  listId: string
  value: string
  error: string | undefined
  onType: (text: string) => void
  onChoose: (person: Person) => void
}

function WhoField({ listId, value, error, onType, onChoose }: WhoFieldProps) {
  const combobox = useCombobox()
  const [asked] = useDebouncedValue(value.trim(), 200)
  const found = useQuery(shareesQuery(listId, asked, 'sharees')).data?.items ?? []
  return (
    <Combobox
      store={combobox}
      onOptionSubmit={userId => {
        const chosen = found.find(person => person.userId === userId)
        if (chosen) onChoose(chosen)
        combobox.closeDropdown()
      }}
    >
      <Combobox.Target>
        <TextInput
          label="Colleague or e-mail address"
          data-autofocus
          autoComplete="off"
          maxLength={255}
          value={value}
          error={error}
          onChange={event => {
            onType(event.currentTarget.value)
            combobox.openDropdown()
          }}
          onFocus={() => combobox.openDropdown()}
          onBlur={() => combobox.closeDropdown()}
        />
      </Combobox.Target>
      <Combobox.Dropdown hidden={found.length === 0 || asked === ''}>
        <Combobox.Options aria-label="Colleagues">
          {found.map(person => (
            <Combobox.Option key={person.userId} value={person.userId}>
              <Text size="sm">{person.fullName ?? person.email}</Text>
              {person.fullName && (
                <Text size="xs" c="dimmed">
                  {person.email}
                </Text>
              )}
            </Combobox.Option>
          ))}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  )
}
