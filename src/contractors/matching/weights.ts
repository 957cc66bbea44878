/**
 * Log-odds of what speaks for (above 0) or against a candidate, fitted in two steps by `npm run bench resolution`, which
 * prints them anew: those of names on vendors as people typed them, then those of places and CAGE codes on vendor blocks of
 * awards. A place never adds to a name that is the same: it takes away the less, the nearer it is.
 */
export const weights = {
  bias: -1.46,
  sameName: 3.07,
  missingOfOne: -4.52,
  missingOfOther: -3.04,
  inexact: 0,
  surplus: 0.39,
  firstWordDiffers: -2.01,
  otherLegalForm: -1.85,
  otherName: -1.19,
  sameStreet: -0.77,
  sameStreetOtherName: 8.3,
  sameZip: -2.06,
  sameCity: -2.13,
  sameState: -3.63,
  apart: -5.68,
  sameCage: 8.54,
  sameCageOtherName: 7.25,
  differentCage: -4.82,
  records: 0.62,
}

/**
 * Shares of belief, from which on the first is accepted, and from which on all together are worth a review. `double`: a
 * second with the same name and so much of it leaves open which is meant.
 */
export const thresholds = { accept: 0.65, review: 0.1, double: 0.1 }

/** Log-odds that two mentions are one vendor, where some have a CAGE code; fitted as above. */
export const pairWeights = {
  bias: 0.64,
  sameName: 1.39,
  missingLess: -0.97,
  missingMore: -0.86,
  inexact: 0,
  surplus: 0.11,
  firstWordDiffers: 0,
  otherLegalForm: -0.69,
  sameStreet: 0.91,
  sameStreetOtherName: 2,
  sameStreetText: 0.65,
  sameUnit: 0.52,
  otherUnit: -0.52,
  sameZip: 1.13,
  sameCity: 0.8,
  sameState: -0.31,
  apart: -1.74,
  spread: 0,
  siblings: -1.77,
  rivals: -1.64,
  sameCage: 4.92,
  differentCage: -3.51,
  overlap: -0.36,
  gap: -0.46,
  sharedDoors: 0.85,
  namesOverlap: -2.31,
  siblingsHere: -0.42,
  doors: -0.33,
  letters: -0.47,
  words: -0.05,
  isCut: -0.33,
  sameNameHere: -0.37,
  sameNameApart: -0.27,
  crowd: -0.38,
  crowdSameName: -0.47,
  overlapElsewhere: -0.28,
  overlapOtherName: 0.84,
  follows: 0.31,
  followsSameName: -0.48,
  followsHere: 0.77,
  oneCage: 0.65,
  cageAfter: 0.42,
  namesGap: -0.83,
  namesBegin: -0.23,
  renamed: 2.19,
  placesAtOnce: 0.19,
  moves: 1.91,
}

/** The same where none has one. */
export const pairWeightsWithoutCage: typeof pairWeights = {
  bias: 0.06,
  sameName: 3.36,
  missingLess: -0.81,
  missingMore: -1.42,
  inexact: 0,
  surplus: 0.33,
  firstWordDiffers: 0,
  otherLegalForm: -0.87,
  sameStreet: 1.29,
  sameStreetOtherName: 3.2,
  sameStreetText: 0.5,
  sameUnit: 0.36,
  otherUnit: -0.66,
  sameZip: 0.69,
  sameCity: 1.05,
  sameState: -0.1,
  apart: -2.1,
  spread: 0,
  siblings: 0,
  rivals: 0,
  sameCage: 0,
  differentCage: 0,
  overlap: -0.43,
  gap: -0.21,
  sharedDoors: 1.55,
  namesOverlap: -2.06,
  siblingsHere: 0,
  doors: -0.95,
  letters: -0.17,
  words: -0.26,
  isCut: -0.36,
  sameNameHere: -1.2,
  sameNameApart: 0.18,
  crowd: -0.64,
  crowdSameName: -0.59,
  overlapElsewhere: -0.04,
  overlapOtherName: 0.46,
  follows: -0.62,
  followsSameName: 0.98,
  followsHere: -0.04,
  oneCage: 0,
  cageAfter: 0,
  namesGap: -1.06,
  namesBegin: 0.54,
  renamed: 1.93,
  placesAtOnce: -1.16,
  moves: 1.09,
}

/** Log-odds that two groups are one vendor, by what their pairs say and what else they might be; fitted as above. */
export const groupWeights = {
  bias: -0.4,
  best: 1.03,
  mean: -0.03,
  alike: -0.34,
  pairs: -0.53,
  smaller: 0.38,
  oneCage: -0.01,
  noCage: -0.88,
  overlap: -0.19,
  gap: -0.13,
  cageRivals: 0.13,
  cageLead: 0.34,
  rivals: 0.13,
  lead: 0.08,
  support: -0.21,
}

/** The same where no mention has a CAGE code. */
export const groupWeightsWithoutCage: typeof groupWeights = {
  bias: -0.05,
  best: 0.6,
  mean: 0.52,
  alike: 0.31,
  pairs: -0.24,
  smaller: 0.63,
  oneCage: 0,
  noCage: -0.05,
  overlap: -0.23,
  gap: 0,
  cageRivals: 0,
  cageLead: -0.05,
  rivals: -0.3,
  lead: -0.08,
  support: -0.16,
}

/**
 * Log-odds from which on two groups are one, and how much is taken off for each e-fold of their pairs beyond four. Where
 * CAGE codes tell namesakes apart, so that 95 % of the pairs are right; without, where most vendors are whole and alone.
 */
export const clusterThresholds = {
  withCage: { threshold: 0.4, caution: 0.8 },
  withoutCage: { threshold: 0, caution: 0 },
}
