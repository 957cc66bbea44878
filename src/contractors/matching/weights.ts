/** Log-odds of what speaks for or against a candidate. Provisional. */
export const weights = {
  bias: 0,
  sameName: 3,
  missingOfOne: -8,
  missingOfOther: -5,
  inexact: -1,
  surplus: 1,
  firstWordDiffers: -1.5,
  otherLegalForm: -0.3,
  otherName: -0.5,
  sameStreet: 3,
  sameZip: 1.5,
  sameCity: 1,
  sameState: -0.5,
  apart: -1.5,
  sameCage: 6,
  differentCage: -2,
  records: 0.5,
}

/** Shares of belief. `double`: a second with the same name and so much of it leaves open which is meant. */
export const thresholds = { accept: 0.9, review: 0.3, double: 0.02 }
