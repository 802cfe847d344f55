import { z } from 'zod';
import { beginSms } from '../enrolment/begin-sms.ts';
import { currentEnrolment } from '../enrolment/enrolment.ts';
import { nameAtFranceConnect } from '../enrolment/franceconnect.ts';
import { giveMobile } from '../enrolment/mobile.ts';
import { visitor } from '../http/context.ts';
import { field, readForm } from '../http/form.ts';
import { showPage } from '../http/page.ts';
import { countAsked } from './code-metrics.ts';
import { codeProblem } from './code-page.ts';
import { type AtStep, enrolmentFrame, goOnEnrolling, stepsOfEnrolment } from './enrolling.ts';
import type { CodeProblem, MobilePage, RegistrationError, RegistrationPage } from './enrolment-pages.ts';
import { notYetOpen } from './profile.ts';
import { below } from './progress.ts';
import type { Visit } from './visit.ts';

const NAME = z.string().trim().min(1, 'missing').max(120, 'too-long');
const MOBILE = z.string().trim().min(1, 'missing').max(60, 'too-long');
const FORM = z.object({ family_name: NAME, given_name: NAME, mobile: MOBILE });
const MOBILE_FORM = z.object({ mobile: MOBILE });

type Shown = { errors?: RegistrationError[]; problem?: CodeProblem };

/** GET /interaction/:uid/inscription: « Je crée un compte EduConnect ». */
export async function showRegistration(visit: Visit, shown?: Shown): Promise<void> {
  const { deps, ctx, interaction } = visit;
  if (deps.sms === null) return notYetOpen('registration')(visit);
  const values = {
    family_name: field(ctx, 'family_name'),
    given_name: field(ctx, 'given_name'),
    mobile: field(ctx, 'mobile'),
  };
  const page: RegistrationPage = {
    ...enrolmentFrame(visit, 'inscription', stepsOfEnrolment({ way: 'sms', step: 'mobile' })),
    values,
    errors: shown?.errors ?? [],
    problem: shown?.problem ?? null,
    codeHref: shown?.problem && (await awaitsCode(visit)) ? below(interaction.uid, 'code') : null,
  };
  showPage(deps, ctx, 'mire/registration', page, shown ? 400 : 200);
}

async function awaitsCode({ deps, interaction }: Visit): Promise<boolean> {
  return (await currentEnrolment(deps, interaction.uid))?.step === 'code';
}

/** POST /interaction/:uid/inscription */
export async function takeRegistration(visit: Visit): Promise<void> {
  const { deps, ctx, interaction } = visit;
  if (deps.sms === null) return notYetOpen('registration')(visit);
  const form = readForm<typeof FORM.shape, 'missing' | 'too-long'>(ctx, FORM);
  if (!form.ok) return showRegistration(visit, { errors: form.errors });
  const { family_name: familyName, given_name: givenName, mobile } = form.values;
  const { uid: interactionUid, clientId } = interaction;
  const typed = { interactionUid, clientId, familyName, givenName, mobile, ...visitor(ctx) };
  const result = countAsked(visit, 'enrolment', await beginSms(deps, typed));
  if (result.ok) return goOnEnrolling(visit);
  if (result.reason === 'no-mobile')
    return showRegistration(visit, { errors: [{ field: 'mobile', reason: 'invalid' }] });
  await showRegistration(visit, { problem: codeProblem(visit, result) });
}

/** GET /interaction/:uid/telephone: after FranceConnect, and to correct the number while the code is awaited. */
export async function showMobile(visit: Visit, at: AtStep<'mobile' | 'code'>, shown?: Shown): Promise<void> {
  const { deps, ctx, interaction } = visit;
  if (at.way === 'sms') return goOnEnrolling(visit);
  if (deps.sms === null) return notYetOpen('franceconnect')(visit);
  const page: MobilePage = {
    ...enrolmentFrame(visit, 'telephone', stepsOfEnrolment({ way: 'franceconnect', step: 'mobile' })),
    values: { mobile: field(ctx, 'mobile') },
    identity: await nameAtFranceConnect(deps, interaction.uid),
    errors: shown?.errors ?? [],
    problem: shown?.problem ?? null,
    codeHref: shown?.problem && at.step === 'code' ? below(interaction.uid, 'code') : null,
  };
  showPage(deps, ctx, 'mire/mobile', page, shown ? 400 : 200);
}

/** POST /interaction/:uid/telephone */
export async function takeMobile(visit: Visit, at: AtStep<'mobile' | 'code'>): Promise<void> {
  const { deps, ctx, interaction } = visit;
  if (at.way === 'sms' || deps.sms === null) return showMobile(visit, at);
  const form = readForm<typeof MOBILE_FORM.shape, 'missing' | 'too-long'>(ctx, MOBILE_FORM);
  if (!form.ok) return showMobile(visit, at, { errors: form.errors });
  const asked = await giveMobile(deps, interaction.uid, { ...form.values, ...visitor(ctx) });
  const result = countAsked(visit, 'enrolment', asked);
  if (result.ok || result.reason === 'elsewhere') return goOnEnrolling(visit);
  if (result.reason === 'no-mobile')
    return showMobile(visit, at, { errors: [{ field: 'mobile', reason: 'invalid' }] });
  await showMobile(visit, at, { problem: codeProblem(visit, result) });
}
