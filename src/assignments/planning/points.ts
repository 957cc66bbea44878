/** The engine's cost in points, as people and other rounds compare it: 25 are one step of a wish that weighs 1. */
export const inPoints = (cost: number | null | undefined, unit: number): number | null =>
  cost === null || cost === undefined ? null : cost / unit
