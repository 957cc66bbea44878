import { Button, Checkbox, Group, Modal, NativeSelect, Skeleton, Stack, Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { FormFoot, Problem, Refusal, request, roleChoicesQuery, useSession } from '#platform/console'
import { type GroupMapping, type GroupSettings, groupKey, inPeople } from './own-groups.ts'

type FormProps = {
  providerId: string
  settings: GroupSettings
  mapping?: GroupMapping
  /** The group that is mapped, where it is chosen already. */
  group?: string | undefined
  close: () => void
}

const hints: Readonly<Record<GroupSettings['format'], string>> = {
  name: 'To the letter, as the provider names it.',
  guid: 'Its object id.',
  domain: 'DOMAIN\\name',
  path: 'Its path, from the slash on.',
}

/** Lets a group give a role, or changes how it does. */
export function MappingForm({ providerId, settings, mapping, group = '', close }: FormProps) {
  const client = useQueryClient()
  const session = useSession()
  const roles = useQuery(roleChoicesQuery)
  const isNamedApart = settings.format === 'guid'
  const form = useForm({
    initialValues: {
      externalGroupId: mapping?.externalGroupId ?? group,
      externalGroupName: mapping?.externalGroupName ?? '',
      roleId: mapping?.roleId ?? '',
      isAssigned: mapping?.autoAssign ?? true,
    },
    validate: {
      externalGroupId: value => (value.trim() ? null : 'Name the group.'),
      roleId: value => (value ? null : 'Choose a role.'),
    },
  })
  const saving = useMutation({
    mutationFn: ({ externalGroupId, externalGroupName, roleId, isAssigned }: typeof form.values) => {
      const name = isNamedApart || mapping ? { externalGroupName: externalGroupName.trim() || null } : {}
      return mapping
        ? request(`/federation/group-mappings/${mapping.id}`, {
            method: 'PATCH',
            body: { ...name, autoAssign: isAssigned },
          })
        : request(`/federation/providers/${providerId}/group-mappings`, {
            method: 'POST',
            body: { externalGroupId, ...name, roleId, autoAssign: isAssigned },
          })
    },
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: groupKey(providerId) })
      close()
      notifications.show({ message: mapping ? 'The mapping is changed.' : 'The group gives the role. A sync follows.' })
    },
    onError: error => {
      if (!(error instanceof Problem)) return
      form.setErrors(aboutGroup.has(error.code) ? { externalGroupId: error.message } : { ...error.fields })
    },
  })
  const isAboutField = Object.keys(form.errors).length > 0
  return (
    <Modal
      opened
      onClose={close}
      title={mapping ? 'Change the mapping' : 'Map a group'}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form onSubmit={form.onSubmit(values => saving.mutate(values))} noValidate>
        <Stack gap="md">
          <TextInput
            label="Group"
            description={hints[settings.format]}
            maxLength={500}
            autoComplete="off"
            disabled={mapping !== undefined}
            data-autofocus={group === '' && !mapping ? true : undefined}
            {...form.getInputProps('externalGroupId')}
          />
          {(isNamedApart || mapping) && (
            <TextInput
              label="Name"
              description="As people know the group; for reading alone."
              maxLength={500}
              autoComplete="off"
              {...form.getInputProps('externalGroupName')}
            />
          )}
          {roles.isPending ? (
            <Skeleton height={60} aria-label="Loading the roles" />
          ) : (
            <NativeSelect
              label="Role"
              description={mapping ? 'For another role remove the mapping, then map the group anew.' : undefined}
              disabled={mapping !== undefined}
              data-autofocus={group !== '' ? true : undefined}
              data={[
                { value: '', label: 'Choose a role', disabled: true },
                ...(roles.data ?? []).map(({ id, name, permissions }) => {
                  const isBeyond =
                    !permissions.every(session.can) || (name === 'owner' && !session.roles.includes('owner'))
                  return {
                    value: id,
                    label: isBeyond ? `${name} (more than you may yourself)` : name,
                    disabled: isBeyond,
                  }
                }),
              ]}
              {...form.getInputProps('roleId')}
            />
          )}
          <Checkbox
            label="Assign it by itself"
            description="Otherwise the role is proposed here, and an administrator gives it. Leaving the group takes it away in either case."
            {...form.getInputProps('isAssigned', { type: 'checkbox' })}
          />
          <Refusal error={(isAboutField ? null : saving.error) ?? roles.error} />
          <FormFoot close={close} isPending={saving.isPending}>
            {mapping ? 'Save' : 'Map it'}
          </FormFoot>
        </Stack>
      </form>
    </Modal>
  )
}

const aboutGroup = new Set([
  'federation.group_mapping_taken',
  'federation.group_of_everybody',
  'federation.group_in_other_form',
])

export function MappingDeletion({ mapping, close }: { mapping: GroupMapping; close: () => void }) {
  const client = useQueryClient()
  const name = mapping.externalGroupName ?? mapping.externalGroupId
  const deletion = useMutation({
    mutationFn: () => request(`/federation/group-mappings/${mapping.id}`, { method: 'DELETE' }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: groupKey(mapping.providerId) })
      close()
      notifications.show({ message: `The group ${name} gives no role any more.` })
    },
  })
  return (
    <Modal opened onClose={close} title="Remove this mapping?" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Stack gap="md">
        <Text size="sm">
          {inPeople(mapping.people)} {mapping.people === 1 ? 'has' : 'have'} the role {mapping.roleName} by the group{' '}
          {name}. Who has it by hand, or by another group, keeps it. The others lose it at once.
        </Text>
        <Refusal error={deletion.error} mt="md" />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close} data-autofocus>
            Keep it
          </Button>
          <Button color="red.9" loading={deletion.isPending} onClick={() => deletion.mutate()}>
            Remove it
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
