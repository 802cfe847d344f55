import type { FranceConnectPerson, Identity } from './franceconnect-people.ts';
import { type Html, html, page, type Theme } from './html.ts';

/** The pages that visitors of the simulator of FranceConnect see. */

const THEME: Theme = {
  name: 'FranceConnect (simulateur)',
  tagline: "L'imitation d'exemple : aucune vraie identité",
  accent: '#000091',
  tint: '#e3e3fd',
};

/** @param login of who is signed in there already, or as it was typed */
export function signInPage(links: { action: string; cancel: string }, login = '', fault?: string): string {
  return page(
    THEME,
    'Connexion',
    html`<h1>Je choisis un compte pour me connecter</h1>
${fault && html`<p class="card warning" role="alert">${fault}</p>`}
<form method="post" action="${links.action}" class="card">
<h2>Fournisseur d'identité d'exemple</h2>
<p><label for="login">Identifiant</label><br><input id="login" name="login" value="${login}" autocomplete="username" autocapitalize="none" style="font:inherit;padding:.5rem;width:100%;max-width:24rem"></p>
<p><button class="button">Se connecter</button></p>
</form>
<p><a href="${links.cancel}">Annuler</a></p>`,
  );
}

const LABELS: [keyof Identity, string][] = [
  ['given_name', 'Prénoms'],
  ['family_name', 'Nom de naissance'],
  ['preferred_username', "Nom d'usage"],
  ['birthdate', 'Date de naissance'],
  ['email', 'Adresse mail'],
];

export function consentPage(
  service: string,
  identity: Partial<Identity>,
  scopes: readonly string[],
  links: { action: string; cancel: string },
): string {
  const told = LABELS.filter(([claim]) => identity[claim] && scopes.includes(claim));
  return page(
    THEME,
    'Continuer',
    html`<h1>Vous allez vous connecter à ${service}</h1>
<section class="card"><h2>Informations transmises</h2>
<dl>${told.map(([claim, label]) => html`<dt>${label}</dt><dd>${identity[claim]}</dd>`)}</dl></section>
<form method="post" action="${links.action}"><p><button class="button">Continuer</button></p></form>
<p><a href="${links.cancel}">Annuler</a></p>`,
  );
}

/** The visitor is left there: FranceConnect sends nobody back after most of its errors (integration.md 1.6). */
export function errorPage(code: string, message: string): string {
  return page(
    THEME,
    'Une erreur est survenue',
    html`<h1>Une erreur est survenue</h1><p class="card warning">${message}</p><p>Code d'erreur : ${code}</p>`,
  );
}

/** Goes on by itself; by hand without script. @param form the library's own, as HTML */
export function endSessionPage(form: string): string {
  const complete = form.replace('</form>', '<input type="hidden" name="logout" value="yes"></form>');
  return page(
    THEME,
    'Déconnexion',
    html`<h1>Déconnexion de FranceConnect</h1>${{ html: complete }}
<p><button class="button" form="op.logoutForm">Continuer</button></p>
${{ html: '<script>document.getElementById("op.logoutForm").submit()</script>' }}`,
  );
}

export function signedOutPage(): string {
  return page(THEME, 'Déconnecté', html`<h1>Vous êtes déconnecté de FranceConnect</h1>`);
}

const MODES = { up: 'en service', slow: 'lent', down: 'en panne', 'wrong-clock': 'horloge en retard' };

/** For whoever tries it: who is there, and what can be switched. */
export function deskPage(people: readonly FranceConnectPerson[], mode: keyof typeof MODES): string {
  const choice = (value: string, label: string): Html =>
    html`<button class="button" name="faire" value="${value}">${label}</button> `;
  return page(
    THEME,
    'Simulateur',
    html`<h1>Simulateur de FranceConnect</h1>
<form method="post" action="/" class="card"><h2>État : ${MODES[mode]}</h2>
<p>${choice('up', 'En service')}${choice('slow', 'Lent (8 s)')}${choice('down', 'En panne')}${choice('wrong-clock', 'Horloge en retard (5 min)')}${choice('rotate', 'Changer la clé')}</p></form>
<section class="card"><h2>Identifiants</h2>
<dl>${people.map(({ login, what }) => html`<dt>${login}</dt><dd>${what}</dd>`)}</dl></section>`,
  );
}
