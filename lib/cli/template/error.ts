// SPDX-License-Identifier: Apache-2.0
// Failures of templates. Functions throw a plain TemplateFailure; the evaluator adds the position to its message.

import { sampanError, type SampanError } from '../../errors/sampan-error.js';

/** What a function of a template complains about; the caller knows where. */
export class TemplateFailure extends Error {}

/** An error with everything in its text, as text/template words it: `template: :1:2: ...`. */
export const templateError = (text: string): SampanError => sampanError('ERR_TEMPLATE', { subject: text });
