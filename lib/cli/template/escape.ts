// SPDX-License-Identifier: Apache-2.0
// html, js and urlquery of templates.

const htmlEntities: Readonly<Record<string, string>> = {
  '\0': '\uFFFD',
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
};

export const escapeHtml = (text: string): string => text.replace(/[\0"'&<>]/g, (char) => htmlEntities[char] ?? char);

export const escapeJs = (text: string): string =>
  text.replace(/[\\'"]|[<>&=]|[^\P{C} ]/gu, (char) => (/[\\'"]/.test(char) ? `\\${char}` : unicodeEscape(char)));

const unicodeEscape = (char: string): string =>
  `\\u${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;

/** url.QueryEscape: a space is +, all but letters, digits and -_.~ are %XX. */
export const escapeQuery = (text: string): string =>
  encodeURIComponent(text)
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
