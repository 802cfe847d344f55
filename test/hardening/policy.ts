import { expect } from '@jest/globals';
import type { Answer } from '../support/visitor.ts';

/** The headers of every answer (F04). @param options `open`: keys and discovery, which anybody may read and keep */
export function expectPolicy({ headers, text }: Answer, { open = false } = {}): void {
  const policy = String(headers['content-security-policy']);
  for (const rule of ["default-src 'none'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"])
    expect(policy).toContain(rule);
  expect(policy).not.toContain('unsafe');
  expect(headers).toMatchObject({
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'x-frame-options': 'DENY',
    'x-request-id': expect.stringMatching(/^[0-9a-f]{24}$/),
  });
  expect(headers['x-powered-by']).toBeUndefined();
  if (!open) {
    expect(headers['access-control-allow-origin']).toBeUndefined();
    expect(headers['cache-control']).toBe('no-store');
  }
  if (String(headers['content-type']).startsWith('text/html'))
    expect(text).not.toMatch(/<script(?![^>]* src=)|<style| style=| on[a-z]+="|\bat .*\.ts:\d/);
}
