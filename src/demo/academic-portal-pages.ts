import { type PortalPerson, WITHOUT_KEY } from './academic-portal-people.ts';
import { html, page, type Theme } from './html.ts';

/** The pages that visitors of the simulator of the academic portal see. */

const THEME: Theme = {
  name: 'Portail académique (simulateur)',
  tagline: "L'imitation d'exemple du portail ARENA",
  accent: '#5b2a6e',
  tint: '#efe4f4',
};

export function signInPage(links: { action: string; cancel: string }, fault?: string): string {
  return page(
    THEME,
    'Connexion',
    html`<h1>Accédez à vos applications</h1>
${fault && html`<p class="card warning" role="alert">${fault}</p>`}
<form method="post" action="${links.action}" class="card">
<h2>Personnel de l'académie d'exemple</h2>
<p><label for="login">Identifiant</label><br><input id="login" name="login" autocomplete="username" autocapitalize="none" style="font:inherit;padding:.5rem;width:100%;max-width:24rem"></p>
<p><button class="button">Se connecter</button></p>
</form>
<p><a href="${links.cancel}">Annuler</a></p>`,
  );
}

export function errorPage(code: string, message: string): string {
  return page(
    THEME,
    'Erreur',
    html`<h1>Une erreur est survenue</h1><p class="card warning">${message}</p><p>Code : ${code}</p>`,
  );
}

export function signedOutPage(): string {
  return page(THEME, 'Déconnecté', html`<h1>Vous êtes déconnecté du portail académique</h1>`);
}

/** For whoever tries it: the applications of the portal, and who is there. */
export function deskPage(people: readonly PortalPerson[], adminUrl: string): string {
  const keyed = people.filter(({ key }) => key);
  return page(
    THEME,
    'Accueil',
    html`<h1>Portail académique</h1>
<section class="card"><h2>Scolarité du 1er degré</h2><p><a href="${adminUrl}">EduConnect</a></p></section>
<section class="card"><h2>Identifiants</h2>
<dl>${people.map(({ login, what }) => html`<dt>${login}</dt><dd>${what}</dd>`)}
${keyed.map(({ login }) => html`<dt>${login}${WITHOUT_KEY}</dt><dd>La même personne, sans sa clé OTP.</dd>`)}</dl></section>`,
  );
}
