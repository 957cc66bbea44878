import { Button, Group, Modal, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Problem, Refusal } from '#platform/console'
import { inDomain } from './domain-choice.tsx'
import { addPerson, refreshPeople } from './people.ts'
import { fieldsOf, SkillFields, type SkillLevel } from './skill-fields.tsx'
import type { Domain } from './wire-types.ts'

/** Enters somebody; what else there is to say of him stands on his page. */
export function PersonForm({ domain, close }: { domain: Domain; close: () => void }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const { participant } = domain.words
  const form = useForm({
    initialValues: { name: '', email: '', skills: [] as SkillLevel[], next: 'page' },
    validate: { name: value => (value.trim() ? null : 'Say the name.') },
  })
  const adding = useMutation({
    mutationFn: ({ name, email, skills }: typeof form.values) =>
      addPerson(domain.id, { name: name.trim(), email: email.trim() || null, ...fieldsOf(skills) }),
    onSuccess: async ({ id, name }, { next }) => {
      await refreshPeople(client)
      if (next === 'page') return await navigate({ to: `/assignments/people/${id}`, search: inDomain(domain) as never })
      notifications.show({ message: `${name} is entered.` })
      form.reset()
      document.querySelector<HTMLInputElement>('[data-first-field]')?.focus()
    },
    onError: error => error instanceof Problem && form.setErrors({ ...error.fields }),
  })
  const submit = (next: string) => form.onSubmit(values => adding.mutate({ ...values, next }))
  return (
    <Modal opened onClose={close} title={`New ${participant.singular}`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={submit('page')} noValidate>
        <Stack gap="md">
          <TextInput label="Name" data-autofocus data-first-field maxLength={200} {...form.getInputProps('name')} />
          <TextInput
            label="E-mail"
            description="Plans can be sent there. It may be left out."
            type="email"
            maxLength={255}
            {...form.getInputProps('email')}
          />
          <SkillFields
            label="Skills"
            domainId={domain.id}
            skills={form.values.skills}
            onChange={skills => form.setFieldValue('skills', skills)}
          />
          <Refusal error={Object.keys(form.errors).length > 0 ? null : adding.error} />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button variant="default" loading={adding.isPending} onClick={() => submit('another')()}>
              Enter and next
            </Button>
            <Button type="submit" loading={adding.isPending}>
              Enter
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
