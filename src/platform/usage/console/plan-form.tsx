import { Button, Group, Modal, NumberInput, Stack, Switch, Text, Textarea, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Problem, Refusal, request } from '#platform/console'
import classes from './usage.module.css'
import { formatUsed, type Metric, type Plan } from './usage.ts'

type Answers = {
  name: string
  displayName: string
  description: string
  isDefault: boolean
  isActive: boolean
  limits: { metric: string; limit: number | string; isHard: boolean }[]
}

/** Makes a plan, or changes the one given. */
export function PlanForm({
  plan,
  metrics,
  close,
}: {
  plan?: Plan | undefined
  metrics: readonly Metric[]
  close: () => void
}) {
  const client = useQueryClient()
  const form = useForm<Answers>({
    initialValues: {
      name: plan?.name ?? '',
      displayName: plan?.displayName ?? '',
      description: plan?.description ?? '',
      isDefault: plan?.isDefault ?? false,
      isActive: plan?.isActive ?? true,
      limits: metrics.map(({ name }) => {
        const known = plan?.limits.find(({ metric }) => metric === name)
        return { metric: name, limit: known?.limit ?? '', isHard: known?.isHard ?? true }
      }),
    },
    validate: {
      displayName: value => (value.trim() ? null : 'Give the plan a name.'),
      name: value =>
        /^[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?$/.test(value) ? null : 'Small letters, digits and hyphens, at most 50.',
    },
  })
  const save = useMutation({
    mutationFn: ({ limits, ...answers }: Answers) => {
      const body = {
        ...answers,
        displayName: answers.displayName.trim(),
        limits: limits.flatMap(({ limit, ...rest }) => (typeof limit === 'number' ? [{ ...rest, limit }] : [])),
        description: answers.description.trim() || null,
      }
      return plan
        ? request(`/plans/${plan.id}`, { method: 'PATCH', body })
        : request('/plans', { method: 'POST', body })
    },
    onSuccess: async () => {
      notifications.show({ title: 'The plan is saved', message: 'Its limits hold from now on.' })
      await client.invalidateQueries({ queryKey: ['plans'] })
      await client.invalidateQueries({ queryKey: ['usage'] })
      close()
    },
    onError: error => error instanceof Problem && form.setErrors(error.fields),
  })
  const remove = useMutation({
    mutationFn: (id: string) => request(`/plans/${id}`, { method: 'DELETE' }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['plans'] })
      close()
    },
  })
  const error = save.error ?? remove.error
  return (
    <Modal
      opened
      onClose={close}
      size="lg"
      title={plan ? `Edit ${plan.displayName}` : 'New plan'}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form onSubmit={form.onSubmit(answers => save.mutate(answers))} noValidate>
        <Stack gap="md">
          <TextInput
            label="Name"
            description="What people read"
            data-autofocus
            maxLength={100}
            errorProps={{ role: 'alert' }}
            {...form.getInputProps('displayName')}
          />
          <TextInput
            label="Short name"
            description="For programs and the command line"
            maxLength={50}
            disabled={plan?.isBuiltIn ?? false}
            errorProps={{ role: 'alert' }}
            {...form.getInputProps('name')}
          />
          <Textarea label="Description" autosize minRows={2} maxLength={1000} {...form.getInputProps('description')} />
          <fieldset className={classes.limits}>
            <legend>Limits</legend>
            <Text size="sm" c="dimmed">
              Empty for none. What would exceed a limit that is not refused is only told to the owners.
            </Text>
            {metrics.map((metric, index) => (
              <div key={metric.name} className={classes.limit}>
                <NumberInput
                  label={metric.kind === 'flow' ? `${metric.description} a month` : metric.description}
                  description={hintOf(metric, form.values.limits[index]?.limit)}
                  placeholder="No limit"
                  min={0}
                  max={Number.MAX_SAFE_INTEGER}
                  thousandSeparator=","
                  allowDecimal={false}
                  allowNegative={false}
                  {...form.getInputProps(`limits.${index}.limit`)}
                />
                <Switch
                  label="Refuse more"
                  mb={8}
                  aria-label={`Refuse more of ${metric.description}`}
                  {...form.getInputProps(`limits.${index}.isHard`, { type: 'checkbox' })}
                />
              </div>
            ))}
          </fieldset>
          <Switch
            label="Default plan"
            description="Of all workspaces that were given none"
            disabled={plan?.isDefault ?? false}
            {...form.getInputProps('isDefault', { type: 'checkbox' })}
          />
          <Switch
            label="Active"
            description="Workspaces can be given it"
            disabled={plan?.isDefault ?? false}
            {...form.getInputProps('isActive', { type: 'checkbox' })}
          />
          <Refusal error={error} title="Nothing was changed" />
          <Group justify="space-between">
            <Group gap="xs">
              <Button type="submit" loading={save.isPending}>
                Save
              </Button>
              <Button variant="default" onClick={close}>
                Cancel
              </Button>
            </Group>
            {plan && !plan.isBuiltIn && !plan.isDefault && plan.tenants === 0 && (
              <Button color="red" variant="subtle" loading={remove.isPending} onClick={() => remove.mutate(plan.id)}>
                Delete
              </Button>
            )}
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

function hintOf({ unit }: Metric, limit: number | string | undefined): string | undefined {
  if (unit !== 'bytes') return undefined
  return typeof limit === 'number' ? `In bytes: ${formatUsed(limit, unit)}` : 'In bytes'
}
