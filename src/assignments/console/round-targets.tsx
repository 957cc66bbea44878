import { useDraggable, useDroppable } from '@dnd-kit/core'
import { ActionIcon, Button, Menu, Skeleton, Text, Tooltip } from '@mantine/core'
import type { ReactNode } from 'react'
import { Icon, PageLink } from '#platform/console'
import { inDomain } from './domain-choice.tsx'
import { Dragging, idOfSpot, type Spot } from './dragging.tsx'
import { useOpenDropOuts } from './drop-outs.tsx'
import { useFirst, useFoundTargets } from './found-rows.tsx'
import { useDesk } from './round-desk.ts'
import { missingOn, type PlanPerson, type PlanTarget } from './round-plan.ts'
import { emptyPlaces } from './round-words.ts'
import classes from './rounds.module.css'
import { capital } from './words.ts'

/** Who is on what, target by target; people are dragged from one to another. */
export function RoundTargets() {
  const { plan, domain } = useDesk()
  const { field, shown, more } = useFoundTargets(plan.targets, target => target.people, domain.words)
  return (
    <Dragging>
      {field}
      <div className={classes.desk}>
        <ul className={classes.targets} aria-label={capital(domain.words.target.plural)}>
          {shown.map(target => (
            <TargetCard key={target.id} target={target} />
          ))}
        </ul>
        <Free />
      </div>
      {more}
    </Dragging>
  )
}

function TargetCard({ target }: { target: PlanTarget }) {
  const { domain, plan, isOpen, propose, askWhyNot } = useDesk()
  const { setNodeRef, isOver } = useDroppable({ id: idOfSpot({ kind: 'target', targetId: target.id }) })
  // Before anybody is on anything, all is empty, and nothing to be warned of.
  const missing = plan.placesOf.size > 0 ? missingOn(target) : 0
  const isFull = target.maximum !== null && target.people.length >= target.maximum
  return (
    <li ref={setNodeRef} className={classes.target} data-over={isOver || undefined}>
      <div className={classes.targetHead}>
        <h2>
          <PageLink
            to="/assignments/targets/$id"
            params={{ id: target.id }}
            search={inDomain(domain)}
            className="plain"
          >
            {target.name}
          </PageLink>
        </h2>
        <Text span size="xs" c="dimmed" className="figures">
          {neededInWords(target)}
        </Text>
      </div>
      {target.when && (
        <Text size="xs" c="dimmed" className="figures">
          {target.when}
        </Text>
      )}
      <ul className={classes.people} aria-label={`On ${target.name}`}>
        {target.people.map(person => (
          <Chip key={person.id} person={person} target={target} />
        ))}
      </ul>
      {missing > 0 && <p className={classes.missing}>{emptyPlaces(missing)}</p>}
      <div className={classes.targetFoot}>
        {isOpen && !isFull && (
          <Button
            variant="subtle"
            size="compact-sm"
            leftSection={<Icon name="plus" size={14} />}
            onClick={() => propose({ kind: 'add', targetId: target.id })}
          >
            Add<span className="visually-hidden"> somebody to {target.name}</span>
          </Button>
        )}
        <Button variant="subtle" color="gray" size="compact-sm" onClick={() => askWhyNot({ targetId: target.id })}>
          Why not …?<span className="visually-hidden"> Ask who is not on {target.name}</span>
        </Button>
      </div>
    </li>
  )
}

function neededInWords({ minimum, maximum, people }: PlanTarget): string {
  if (minimum === null) return ''
  const room = maximum !== null && maximum > minimum ? `, room for ${maximum}` : ''
  return `${people.length} of ${minimum}${room}`
}

/** Somebody on a target, or free, with the handle to drag him by and what else can be done. */
function Chip({ person, target }: { person: PlanPerson; target: PlanTarget | null }) {
  const { isOpen } = useDesk()
  const spot: Spot = { kind: 'person', participantId: person.id, targetId: target?.id ?? null }
  const id = idOfSpot(spot)
  const drag = useDraggable({ id, disabled: !isOpen })
  const drop = useDroppable({ id, disabled: target === null })
  const where = target ? ` on ${target.name}` : ''
  const isAway = useOpenDropOuts().some(
    ({ participantId, targetId }) => target && participantId === person.id && (targetId ?? target.id) === target.id,
  )
  return (
    <li
      ref={node => {
        drag.setNodeRef(node)
        drop.setNodeRef(node)
      }}
      className={classes.chip}
      data-dragged={drag.isDragging || undefined}
      data-over={(drop.isOver && !drag.isDragging) || undefined}
      data-pinned={person.isPinned || undefined}
    >
      {isOpen && (
        <ActionIcon
          ref={drag.setActivatorNodeRef}
          className={classes.handle}
          variant="transparent"
          color="gray"
          size={24}
          {...drag.attributes}
          {...drag.listeners}
          aria-label={`Move ${person.name}${where}`}
        >
          <Icon name="grip" size={15} />
        </ActionIcon>
      )}
      <span className={classes.chipName}>{person.name}</span>
      {isAway && <span className={classes.away}>cannot come</span>}
      {person.isPinned && (
        <Tooltip label="Pinned: stays when it is planned anew">
          <span role="img" aria-label="pinned" className={classes.pin}>
            <Icon name="pin" size={14} />
          </span>
        </Tooltip>
      )}
      <PersonMenu person={person} target={target} />
    </li>
  )
}

/** All that can be done about somebody, also without dragging. */
export function PersonMenu({ person, target }: { person: PlanPerson; target: PlanTarget | null }) {
  const { domain, isOpen, propose, askWhyNot, reportDropOut, setPinned } = useDesk()
  const participantId = person.id
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          size={24}
          aria-label={`More to do with ${person.name}${target ? ` on ${target.name}` : ''}`}
        >
          <Icon name="more" size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {isOpen && target && (
          <>
            <Menu.Item
              leftSection={<Icon name="arrowRight" size={16} />}
              onClick={() => propose({ kind: 'move', participantId, from: target.id })}
            >
              Move to …
            </Menu.Item>
            <Menu.Item
              leftSection={<Icon name="swap" size={16} />}
              onClick={() => propose({ kind: 'swap', participantIds: [participantId], targetIds: [target.id] })}
            >
              Swap with …
            </Menu.Item>
            <Menu.Item
              leftSection={<Icon name="pin" size={16} />}
              onClick={() => setPinned({ participantId, targetId: target.id }, !person.isPinned)}
            >
              {person.isPinned ? 'No longer pinned' : 'Pin: stays in every plan'}
            </Menu.Item>
            <Menu.Item
              leftSection={<Icon name="close" size={16} />}
              onClick={() => propose({ kind: 'remove', participantId, targetId: target.id })}
            >
              Take off {target.name}
            </Menu.Item>
          </>
        )}
        {isOpen && (
          <Menu.Item
            leftSection={<Icon name="plus" size={16} />}
            onClick={() => propose({ kind: 'add', participantId })}
          >
            {target ? 'Add to another …' : 'Put on …'}
          </Menu.Item>
        )}
        {isOpen && target && (
          <Menu.Item
            leftSection={<Icon name="alert" size={16} />}
            onClick={() => reportDropOut({ participantId, targetId: target.id })}
          >
            Cannot come …
          </Menu.Item>
        )}
        <Menu.Item leftSection={<Icon name="info" size={16} />} onClick={() => askWhyNot({ participantId })}>
          Why not elsewhere …?
        </Menu.Item>
        <Menu.Item
          component={PageLink}
          to="/assignments/people/$id"
          params={{ id: participantId }}
          search={inDomain(domain)}
          leftSection={<Icon name="person" size={16} />}
        >
          Open {person.name}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}

/** Who has nothing to do in the round: dragged to a target they get something, and who is dropped here is taken off. */
function Free() {
  const { plan, domain, isOpen } = useDesk()
  const { setNodeRef, isOver } = useDroppable({ id: 'free', disabled: !isOpen })
  const free = plan.people.filter(({ id }) => !plan.placesOf.has(id))
  const { shown, more } = useFirst(free, 30)
  return (
    <section ref={setNodeRef} className={classes.free} data-over={isOver || undefined} aria-label="Free">
      <h2>Free</h2>
      {!plan.arePeopleKnown ? (
        <div role="status" aria-label={`Looking which ${domain.words.participant.plural} are free`}>
          <Skeleton height={80} />
        </div>
      ) : free.length === 0 ? (
        <Text size="sm" c="dimmed">
          {plan.people.length === 0
            ? `There are no ${domain.words.participant.plural}.`
            : `All ${domain.words.participant.plural} have something to do.`}
        </Text>
      ) : (
        <ul className={classes.people} aria-label="Free">
          {shown.map(({ id, name }) => (
            <Chip key={id} person={{ id, name, isPinned: false }} target={null} />
          ))}
        </ul>
      )}
      {more}
      <Waiting />
    </section>
  )
}

/** Pins that the plan does not have yet. */
function Waiting(): ReactNode {
  const { plan, isOpen, setPinned } = useDesk()
  if (plan.awaited.length === 0 || !plan.arePeopleKnown) return null
  return (
    <>
      <h2>Pinned for the next plan</h2>
      <ul className={classes.people} aria-label="Pinned for the next plan">
        {plan.awaited.map(pin => (
          <li key={`${pin.participantId} ${pin.targetId}`} className={classes.chip}>
            <span className={classes.chipName}>
              {plan.nameOfPerson(pin.participantId)} on {plan.nameOfTarget(pin.targetId)}
            </span>
            {isOpen && (
              <ActionIcon
                variant="subtle"
                color="gray"
                size={24}
                aria-label={`No longer pin ${plan.nameOfPerson(pin.participantId)} on ${plan.nameOfTarget(pin.targetId)}`}
                onClick={() => setPinned(pin, false)}
              >
                <Icon name="close" size={14} />
              </ActionIcon>
            )}
          </li>
        ))}
      </ul>
    </>
  )
}
