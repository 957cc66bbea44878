import { Text } from '@mantine/core'
import { useEffect, useRef } from 'react'
import { PageLink, ScrollRegion, type Search } from '#platform/console'
import classes from './data.module.css'
import { boxHeight, boxWidth, drawRelations, type Relation } from './relations.ts'

/** Tables as boxes with lines between them; each box leads to its table. */
export function RelationsDrawing({ title, names, relations, current, to }: DrawingProps) {
  const { width, height, boxes, lines } = drawRelations(names, relations)
  const schemas = new Set(names.map(schemaOf))
  const list = useRef<HTMLUListElement>(null)
  const middle = boxes.find(({ name }) => name === current)?.x

  // On a narrow window what one looks at would be out of sight, behind what it refers to. In the next frame: the router
  // gives regions the place that they were scrolled to before.
  useEffect(() => {
    const frame = requestAnimationFrame(() => {
      const region = list.current?.closest('section')
      if (region && middle !== undefined) region.scrollLeft = middle - (region.clientWidth - boxWidth) / 2
    })
    return () => cancelAnimationFrame(frame)
  }, [middle])

  return (
    <>
      <ScrollRegion label={title}>
        <div className={classes.drawing} style={{ width, height }}>
          <svg width={width} height={height} aria-hidden>
            {lines.map(({ key, path }) => (
              <path key={key} d={path} />
            ))}
          </svg>
          <ul ref={list}>
            {boxes.map(({ name, x, y, refersToItself }) => {
              // Of the one that is looked at each neighbour has its side.
              const keys = relations.filter(({ from, to }) => from === name && (name !== current || to === name))
              const notes = [...(schemas.size > 1 ? [schemaOf(name)] : []), ...keys.map(({ columns }) => columns)]
              return (
                <li key={name} style={{ left: x, top: y, width: boxWidth, height: boxHeight }}>
                  <PageLink to="/operations/data" search={to(name)} className={classes.table} title={name}>
                    <span className={classes.tableName}>{name.slice(name.indexOf('.') + 1)}</span>{' '}
                    <span className={classes.tableNote}>
                      {notes.join(' · ')}
                      {refersToItself && ' ↺'}
                    </span>
                  </PageLink>
                </li>
              )
            })}
          </ul>
        </div>
      </ScrollRegion>
      <Text size="xs" c="dimmed" mt={6}>
        A line leads from a table on the left to those whose keys name its rows; a fan means many of them, a ring that
        there may be none.
      </Text>
    </>
  )
}

const schemaOf = (table: string) => table.slice(0, table.indexOf('.'))

type DrawingProps = {
  title: string
  names: readonly string[]
  relations: readonly Relation[]
  /** The table that one looks at. */
  current?: string
  to: (table: string) => Search
}
