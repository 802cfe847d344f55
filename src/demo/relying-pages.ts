import { type Html, html, page } from './html.ts';
import type { SignInError } from './relying-sign-in.ts';
import type { ServiceSettings } from './relying-types.ts';

/** The pages of the sample services. */

type Child = Partial<
  Record<
    'given_name' | 'family_name' | 'school' | 'uai' | 'class' | 'level' | 'mef' | 'ine' | 'degree' | 'ref',
    unknown
  >
>;

const SIGN_IN = 'Se connecter avec ÉduConnect';

export function homePage(settings: ServiceSettings, fault?: string): string {
  const button = html`<p><a class="button" href="/connexion">${SIGN_IN}</a></p>`;
  const body =
    settings.kind === 'ent'
      ? html`<h1>Bienvenue sur votre espace numérique</h1>
${fault && html`<p class="card warning" role="alert">${fault}</p>`}
${selector()}
<section class="card"><h2>Accès direct</h2><p>Vous êtes parent ou élève : utilisez votre compte ÉduConnect.</p>${button}</section>`
      : html`<h1>Le livret scolaire de vos enfants</h1>
<section class="card"><p>Consultez et téléchargez les bilans de vos enfants, de l'école au collège.</p>${button}</section>`;
  return page(settings.theme, 'Accueil', body);
}

/** The ENT's own choice of account (R-028). */
function selector(): Html {
  const choices = [
    ['educonnect', 'Elève ou parent avec votre compte ÉduConnect'],
    ['esterel', "Personnel de l'Education Nationale avec compte Esterel"],
    ['autre', 'Autre compte'],
  ] as const;
  return html`<form class="card" action="/choix" method="get">
<fieldset><legend>Je choisis mon compte</legend>
${choices.map(
  ([value, label], index) =>
    html`<label class="choice"><input type="radio" name="compte" value="${value}"${{ html: index === 0 ? ' checked' : '' }}> <span>${label}</span></label>`,
)}
</fieldset>
<button class="button">Valider</button>
</form>`;
}

export function claimsPage(settings: ServiceSettings, claims: Record<string, unknown>): string {
  const name = text(claims.name) || [text(claims.given_name), text(claims.family_name)].join(' ').trim();
  const children = Array.isArray(claims.eleves) ? (claims.eleves as Child[]) : [];
  const body = html`<h1>Bonjour ${name || 'à vous'}</h1>
<p><span class="pill">${settings.connectedSentence}</span></p>
<h2>${isPupil(claims) ? 'Votre scolarité' : children.length > 1 ? 'Vos enfants' : 'Votre enfant'}</h2>
${
  children.length === 0
    ? html`<p class="card">${isPupil(claims) ? 'Aucune scolarité' : 'Aucun enfant'} n'a été transmis${isPupil(claims) && 'e'} à ce service.</p>`
    : html`<ul class="grid">${children.map((child) => childCard(settings, child))}</ul>`
}
<details class="card"><summary>Ce qu'ÉduConnect a transmis</summary><pre>${JSON.stringify(claims, null, 2)}</pre></details>`;
  const signOut = html`<a class="button light" href="/deconnexion">Se déconnecter</a>`;
  return page(settings.theme, 'Accueil', body, signOut);
}

function isPupil({ FrEduCtPersonAffiliation: affiliations }: Record<string, unknown>): boolean {
  return Array.isArray(affiliations) && affiliations.some((name) => /^eleve[12]d$/.test(String(name)));
}

function childCard(settings: ServiceSettings, child: Child): Html {
  const facts: [string, string][] = [
    [child.degree === 2 ? 'Établissement' : 'École', text(child.school) || text(child.uai)],
    ['Classe', text(child.class)],
    ['Niveau', text(child.level)],
    ...(settings.kind === 'lsu' ? ([['INE', text(child.ine)]] as [string, string][]) : []),
  ];
  return html`<li class="card"><h3>${text(child.given_name)} ${text(child.family_name)}</h3>
<dl>${facts.filter(([, value]) => value !== '').map(([label, value]) => html`<dt>${label}</dt><dd>${value}</dd>`)}</dl></li>`;
}

export function signedOutPage(settings: ServiceSettings): string {
  const body = html`<h1>Vous êtes déconnecté</h1>
<section class="card"><p>Vous pouvez fermer cette page.</p><p><a class="button" href="/connexion">${SIGN_IN}</a></p></section>`;
  return page(settings.theme, 'Déconnexion', body);
}

export function notFoundPage(settings: ServiceSettings): string {
  const body = html`<h1>Page introuvable</h1>
<section class="card"><p>Cette adresse ne mène à aucune page de ce service.</p><p><a class="button" href="/">Revenir à l'accueil</a></p></section>`;
  return page(settings.theme, 'Page introuvable', body);
}

export function errorPage(settings: ServiceSettings, fault: SignInError): string {
  const cancelled = fault.code === 'access_denied';
  const body = html`<h1>${cancelled ? 'Connexion annulée' : "La connexion n'a pas abouti"}</h1>
<section class="card warning">
<p>${cancelled ? "Vous n'avez pas été connecté." : 'Vous pouvez essayer de nouveau.'}</p>
<dl><dt>Erreur</dt><dd>${fault.code}</dd>${fault.message && html`<dt>Détail</dt><dd>${fault.message}</dd>`}</dl>
<p><a class="button" href="/connexion">${SIGN_IN}</a></p></section>`;
  return page(settings.theme, 'Erreur', body);
}

const text = (value: unknown) =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';
