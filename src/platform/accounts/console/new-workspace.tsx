import { Alert, Button, Group, NativeSelect, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import {
  createTenant,
  entranceQuery,
  Icon,
  PageHeader,
  PageLink,
  Problem,
  switchTenant,
  templatesQuery,
  useSession,
} from '#platform/console'
import { Refusal } from './entrance.tsx'

/** Where a workspace begins; whoever works in none is led here, and finds those that are his too. */
export function Page() {
  const session = useSession()
  const entrance = useQuery(entranceQuery)
  const isIn = session.tenantId !== null
  const isOpen = entrance.data?.signUp === 'open'
  return (
    <Stack maw={460} gap="lg">
      <PageHeader title={isIn ? 'New workspace' : headingOf(session.tenants)} lead={leadOf(isIn)} />
      {!isIn && <Choice />}
      {isOpen && <NewWorkspaceForm />}
      {entrance.data?.signUp === 'closed' && (
        <Alert variant="light" icon={<Icon name="lock" />} title="No workspace can be made here">
          This installation is closed to new workspaces. Whoever runs it can add you to one that there is; then load
          this page again.
        </Alert>
      )}
      <Refusal error={entrance.error} />
    </Stack>
  )
}

type Tenants = ReturnType<typeof useSession>['tenants']

function headingOf(tenants: Tenants): string {
  return tenants.length === 0 ? 'You are in no workspace yet' : 'Choose a workspace'
}

function leadOf(isIn: boolean): string {
  const what = 'Lists, notes and the audit log belong to a workspace, and only its members see them.'
  return isIn ? `${what} You become the owner of the new one and stay in those that you are in.` : what
}

/** The workspaces of a person who works in none of them now. */
function Choice() {
  const { tenants } = useSession()
  const open = useMutation({ mutationFn: (id: string) => switchTenant(id, '/') })
  if (tenants.length === 0) return null
  return (
    <div>
      <Refusal error={open.error} />
      <Group gap="xs">
        {tenants.map(({ id, name, isActive, roles }) =>
          isActive || !roles.includes('owner') ? (
            <Button key={id} variant="default" disabled={!isActive || open.isPending} onClick={() => open.mutate(id)}>
              {isActive ? name : `${name} (not active)`}
            </Button>
          ) : (
            <Button key={id} variant="default" component={PageLink} to="/settings/deletion" search={{ tenant: id }}>
              {name} (not active)
            </Button>
          ),
        )}
      </Group>
    </div>
  )
}

function NewWorkspaceForm() {
  const templates = useQuery(templatesQuery).data?.items ?? []
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { name: '', template: 'standard' },
    validate: { name: value => (value.trim() ? null : 'Name the workspace.') },
  })
  const [template, setTemplate] = useState('standard')
  form.watch('template', ({ value }) => setTemplate(value))
  const create = useMutation({
    mutationFn: createTenant,
    onError: error => error instanceof Problem && form.setErrors(error.fields),
  })
  return (
    <form onSubmit={form.onSubmit(values => create.mutate(values))} noValidate>
      <Refusal error={create.error} />
      <Stack gap="sm" align="flex-start">
        <TextInput
          w="100%"
          label="Workspace name"
          description="For example the name of your company or team."
          autoComplete="organization"
          maxLength={255}
          key={form.key('name')}
          {...form.getInputProps('name')}
        />
        {templates.length > 1 && (
          <NativeSelect
            w="100%"
            label="Start with"
            description={templates.find(({ name }) => name === template)?.description}
            data={templates.map(({ name, label }) => ({ value: name, label }))}
            key={form.key('template')}
            {...form.getInputProps('template')}
          />
        )}
        <Button type="submit" loading={create.isPending || create.isSuccess}>
          Create the workspace
        </Button>
      </Stack>
    </form>
  )
}
