// SPDX-License-Identifier: Apache-2.0
// strconv.FormatFloat for the verbs of printf. The sign is the caller's.

/** undefined when the verb is none of floats */
export const formatFloat = (value: number, verb: string, precision: number | undefined): string | undefined => {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : 'Inf';
  switch (verb) {
    case 'f':
    case 'F':
      return value.toFixed(precision ?? 6);
    case 'e':
      return exponentForm(value.toExponential(precision ?? 6));
    case 'E':
      return exponentForm(value.toExponential(precision ?? 6)).toUpperCase();
    case 'g':
    case 'v':
      return general(value, precision);
    case 'G':
      return general(value, precision).toUpperCase();
    default:
      return undefined;
  }
};

/** Go writes at least two digits of exponent. */
const exponentForm = (text: string): string => text.replace(/e([+-])(\d)$/, 'e$10$2');

/** strconv: shortest text decides on an exponent as if it had six digits. */
const shortestLimit = 6;

/** With an exponent where it is below -4 or not below the precision. */
const general = (value: number, precision: number | undefined): string => {
  const digits = precision === undefined ? undefined : Math.max(1, precision);
  const [mantissa = '0', exponentText = '0'] = value
    .toExponential(digits === undefined ? undefined : digits - 1)
    .split('e');
  const exponent = Number(exponentText);
  const trimmed = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
  const significant = trimmed.replace('.', '').length;
  const limit =
    digits === undefined ? shortestLimit : digits > significant && significant >= exponent + 1 ? significant : digits;
  if (exponent < -4 || exponent >= limit) return exponentForm(`${trimmed}e${exponentText}`);
  return digits === undefined ? plainDecimal(value) : plainDecimal(Number(value.toPrecision(digits)));
};

/** JavaScript's own text, without the exponent it uses below 1e-6. */
const plainDecimal = (value: number): string => {
  const text = String(value);
  return text.includes('e') ? value.toFixed(20).replace(/0+$/, '') : text;
};
