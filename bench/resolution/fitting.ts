/** What competes for a mention: for each candidate the features of each of its names; `right` is undefined where none is. */
export type Example = {
  candidates: readonly (readonly Readonly<Record<string, number>>[])[]
  right: number | undefined
}
/** Something that is or is not so; it counts `weight` times. */
export type Trial = { features: Readonly<Record<string, number>>; isRight: boolean; weight: number }

/** Speaks for (1) or against (-1): a weight may not turn against its meaning, whatever the sample says. */
const signs: Record<string, 1 | -1> = {
  sameName: 1,
  missingOfOne: -1,
  missingOfOther: -1,
  missingLess: -1,
  missingMore: -1,
  inexact: -1,
  surplus: 1,
  firstWordDiffers: -1,
  otherLegalForm: -1,
  otherName: -1,
  spread: -1,
  overlap: -1,
  gap: -1,
  namesOverlap: -1,
  renamed: 1,
  sameCage: 1,
  differentCage: -1,
  records: 1,
}

type Gradient = (weights: Float64Array, gradient: Float64Array) => void

/**
 * The weights under which the right candidates, or "none" where there is none, are likeliest among those that compete
 * (conditional logistic regression with a ridge penalty). A candidate counts with the best of its names. Only the `free`
 * weights move.
 */
export function fitCompeting<F extends string>(
  examples: readonly Example[],
  start: Record<F, number>,
  free: readonly F[],
): Record<F, number> {
  const features = Object.keys(start) as F[]
  const dense = examples.map(({ candidates, right }) => ({
    right,
    candidates: candidates.map(names => names.map(name => Float64Array.from(features, feature => name[feature] ?? 0))),
  }))
  return descend(start, free, examples.length, (weights, gradient) => {
    for (const { candidates, right } of dense) {
      const best = candidates.map(names => bestOf(names, weights))
      const top = best.reduce((most, { score }) => Math.max(most, score), 0)
      const total = best.reduce((sum, { score }) => sum + Math.exp(score - top), Math.exp(-top))
      for (const [place, { score, name }] of best.entries()) {
        const error = Math.exp(score - top) / total - (place === right ? 1 : 0)
        if (Math.abs(error) > 1e-6)
          for (let at = 0; at < name.length; at++) gradient[at]! += (error * name[at]!) / dense.length
      }
    }
  })
}

/** The weights under which what is so is likely and what is not is not (logistic regression with a ridge penalty). */
export function fitTrials<F extends string>(
  trials: readonly Trial[],
  start: Record<F, number>,
  known: Readonly<Record<string, 1 | -1>> = signs,
): Record<F, number> {
  const names = Object.keys(start) as F[]
  const dense = trials.map(({ features, isRight, weight }) => ({
    isRight,
    weight,
    given: Float64Array.from(names, name => features[name] ?? 0),
  }))
  const total = dense.reduce((sum, { weight }) => sum + weight, 0)
  const turn = (weights: Float64Array, gradient: Float64Array) => {
    for (const { given, isRight, weight } of dense) {
      const error = weight * (1 / (1 + Math.exp(-dot(given, weights))) - (isRight ? 1 : 0))
      for (let at = 0; at < given.length; at++) gradient[at]! += (error * given[at]!) / total
    }
  }
  return descend(start, names, total, turn, known)
}

/** Steps of Adam, the last ones small. */
function descend<F extends string>(
  start: Record<F, number>,
  free: readonly F[],
  samples: number,
  addGradient: Gradient,
  known: Readonly<Record<string, 1 | -1>> = signs,
): Record<F, number> {
  const names = Object.keys(start) as F[]
  const steps = 300
  const weights = Float64Array.from(names, name => start[name])
  const [first, second, gradient] = [weights, weights, weights].map(array => new Float64Array(array.length)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ]
  for (let step = 1; step <= steps; step++) {
    for (let at = 0; at < weights.length; at++) gradient[at] = weights[at]! / samples
    addGradient(weights, gradient)
    const rate = step < steps * 0.6 ? 0.1 : step < steps * 0.85 ? 0.03 : 0.01
    for (const [at, name] of names.entries()) {
      if (!free.includes(name)) continue
      first[at] = 0.9 * first[at]! + 0.1 * gradient[at]!
      second[at] = 0.99 * second[at]! + 0.01 * gradient[at]! ** 2
      const slope = first[at]! / (1 - 0.9 ** step) / (Math.sqrt(second[at]! / (1 - 0.99 ** step)) + 1e-8)
      weights[at]! -= rate * slope
      if (name in known && weights[at]! * known[name]! < 0) weights[at] = 0
    }
  }
  return Object.fromEntries(names.map((name, at) => [name, weights[at]!])) as Record<F, number>
}

function bestOf(names: readonly Float64Array[], weights: Float64Array) {
  let best = { score: -Infinity, name: names[0]! }
  for (const name of names) {
    const score = dot(name, weights)
    if (score > best.score) best = { score, name }
  }
  return best
}

function dot(one: Float64Array, other: Float64Array): number {
  let sum = 0
  for (let at = 0; at < one.length; at++) sum += one[at]! * other[at]!
  return sum
}
