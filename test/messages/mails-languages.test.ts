import { describe, expect, test } from '@jest/globals';
import type { Transaction } from '../../src/deps.ts';
import type { Locale } from '../../src/languages/locales.ts';
import { contentContext, type MailContent, type QueuedMail, queueMail } from '../../src/messages/outbox.ts';
import { testDeps } from '../support/deps.ts';

const deps = testDeps({ db: undefined as never, url: 'mysql://nobody@localhost/none' });
const at = new Date('2026-11-22T10:00:00Z');
const link = 'https://educonnect.example/x/abc';
const school = { uai: '0319901A', name: 'Les Tilleuls', town: null, degree: 1 } as const;
const words = {
  of: 'guardian',
  school,
  holder: { givenName: 'Gaëlle', familyName: 'Réabu' },
  children: [{ givenName: 'Léa', familyName: 'Réabu' }],
  identifier: 'g.reabu5',
  password: 'GVKJ7PPE2M',
  hasPassword: true,
  validUntil: at,
  writtenOn: at,
} as const;

type Mail = Pick<QueuedMail, 'template' | 'data'>;
const notice = { identifier: 'g.reabu5', at, notMe: { link, validUntil: at } };
const MAILS: [string, Mail, string][] = [
  [
    'activation',
    { template: 'activation', data: { identifier: 'g.reabu5', link, validUntil: at, validDays: 7 } },
    'تفعيل حسابي',
  ],
  [
    'password-recovery',
    { template: 'password-recovery', data: { identifier: 'g.reabu5', link, validUntil: at } },
    'كلمة سر جديدة',
  ],
  [
    'forgotten-identifier',
    { template: 'forgotten-identifier', data: { identifiers: ['g.reabu5'] } },
    'اسم المستخدم',
  ],
  [
    'link-notice',
    { template: 'link-notice', data: { what: 'sms', identifier: 'g.reabu5', at, link, validUntil: at } },
    'لست أنا',
  ],
  [
    'account-notice',
    { template: 'account-notice', data: { ...notice, kind: 'passkey-added' } },
    'مفتاح مرور',
  ],
  [
    'account-notice, asked by the school',
    { template: 'account-notice', data: { ...notice, notMe: null, kind: 'forced-change' } },
    'المدرسة أو مسؤول',
  ],
  ['address-confirm', { template: 'address-confirm', data: { link, validUntil: at } }, 'تأكيد هذا العنوان'],
  [
    'address-notice, asked',
    {
      template: 'address-notice',
      data: { what: 'asked', identifier: 'g.reabu5', at, email: 'm•••@example.org', link, validUntil: at },
    },
    'أعترض',
  ],
  [
    'address-notice, changed, without an objection',
    {
      template: 'address-notice',
      data: {
        what: 'changed',
        identifier: 'g.reabu5',
        at,
        email: 'm•••@example.org',
        link: null,
        validUntil: null,
      },
    },
    'حل عنوان آخر',
  ],
  [
    'reset-notice',
    { template: 'reset-notice', data: { identifier: 'g.reabu5', school, at } },
    'أعادت المدرسة',
  ],
  ['c02', { template: 'c02', data: words }, 'الخطوة 1'],
  ['c04', { template: 'c04', data: { ...words, password: null, validUntil: null } }, 'ما زال صالحاً'],
  ['c06', { template: 'c06', data: words }, 'كلمة السر المؤقتة الجديدة'],
];

/** What the outbox holds of a mail. */
async function written(mail: Mail, language: Locale | null): Promise<MailContent> {
  let sealed = '';
  const insert = async (row: { content_sealed: string }) => {
    sealed = row.content_sealed;
  };
  const trx = (() => ({ insert })) as unknown as Transaction;
  await queueMail(trx, deps, { ...mail, to: 'parent@example.org', uniqueKey: 'x', language } as QueuedMail);
  return JSON.parse(deps.sealer.open(sealed, contentContext('x'))) as MailContent;
}

test('whose account is no more is not sent to a sign-in', async () => {
  const mail: Mail = { template: 'account-notice', data: { ...notice, notMe: null, kind: 'forgotten' } };
  const { text, html } = await written(mail, 'fr');
  for (const part of [text, html]) {
    expect(part).toContain('nouveaux codes');
    expect(part).not.toContain('Mot de passe oublié');
  }
});

describe.each(MAILS)('the mail %s', (_name, mail, arabic) => {
  test('to whom no language is known, or French, is French', async () => {
    const [unknown, french] = [await written(mail, null), await written(mail, 'fr')];
    expect(french).toEqual(unknown);
    expect(french.text + french.html).not.toMatch(/[\u0600-\u06ff]|lang=(?!"fr")/);
  });

  test('is said once more in Arabic below the French, links and direction included', async () => {
    const french = await written(mail, 'fr');
    const { subject, text, html } = await written(mail, 'ar');
    expect(subject).toBe(french.subject);
    expect(text.split('--------------------').at(-1)).toContain(arabic);
    expect(html).toMatch(/<div lang="ar" dir="rtl"/);
    expect(html.slice(html.indexOf('dir="rtl"'))).toContain(arabic);
    if (french.text.includes(link)) expect(text).toContain(`${link}?lang=ar`);
  });

  test.each(['en', 'tr'] as const)('is whole in %s', async (language) => {
    const { text, html } = await written(mail, language);
    expect(text).not.toMatch(/undefined|\[object/);
    expect(html).toContain(`<div lang="${language}" dir="ltr"`);
  });
});
