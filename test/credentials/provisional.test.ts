import { describe, expect, test } from '@jest/globals';
import {
  generateProvisional,
  openProvisional,
  provisionalExpiresAt,
  sealProvisional,
} from '../../src/credentials/provisional.ts';
import { createSealer } from '../../src/crypto/sealing.ts';
import { systemRandom } from '../support/deps.ts';

const config = { PROVISIONAL_LENGTH: 10, PROVISIONAL_VALID_DAYS: 90 } as never;

describe('R-082: provisional passwords', () => {
  test('ten characters of an alphabet without look-alikes, uniformly drawn', () => {
    const counts = new Map<string, number>();
    for (let n = 0; n < 3200; n += 1) {
      const password = generateProvisional({ random: systemRandom, config });
      expect(password).toMatch(/^[2-9A-HJ-NP-Z]{10}$/);
      for (const letter of password) counts.set(letter, (counts.get(letter) ?? 0) + 1);
    }
    expect(counts.size).toBe(32);
    // 32,000 draws, 1,000 expected of each: chi-square with 31 degrees of freedom stays below 75 but once in 100,000.
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    expect(chiSquare).toBeLessThan(75);
  });

  test('sealed to its account: a copy in another row does not open, a second key opens what it sealed', () => {
    const old = createSealer(['first-key-of-this-very-test']);
    const rotated = createSealer(['newer-key-of-this-very-test', 'first-key-of-this-very-test']);
    const sealed = sealProvisional({ sealer: old }, 'account-one', 'GVKJVPPE23');
    expect(sealed).not.toContain('GVKJVPPE23');
    const open = (publicId: string, sealer = rotated) =>
      openProvisional({ sealer }, { publicId, provisionalSealed: sealed });
    expect(open('account-one')).toBe('GVKJVPPE23');
    expect(() => open('account-two')).toThrow(/cannot be opened/);
    expect(() => open('account-one', createSealer(['newer-key-of-this-very-test']))).toThrow(
      /cannot be opened/,
    );
    expect(openProvisional({ sealer: old }, { publicId: 'x', provisionalSealed: null })).toBeNull();
  });

  test('R-067, R-068: three months after the later of distribution and creation', () => {
    const day = (text: string) => new Date(`${text}T10:00:00Z`);
    const expires = (distributedAt: Date | null, provisionalCreatedAt: Date | null) =>
      provisionalExpiresAt(config, { passwordKind: 'provisional', distributedAt, provisionalCreatedAt });
    expect(expires(day('2026-09-01'), day('2026-09-01'))).toEqual(day('2026-11-30'));
    expect(expires(day('2026-10-01'), day('2026-09-01'))).toEqual(day('2026-12-30'));
    expect(expires(day('2026-09-01'), day('2026-10-01'))).toEqual(day('2026-12-30'));
    expect(
      provisionalExpiresAt(config, {
        passwordKind: 'personal',
        distributedAt: null,
        provisionalCreatedAt: null,
      }),
    ).toBeNull();
  });
});
